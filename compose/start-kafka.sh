#!/usr/bin/env bash
# Run Apache Kafka on the settings $1. The first start formats its storage, with the user `caves`
# in it, whose password is CAVES_KAFKA_SASL_PLAIN_PASSWORD; later starts keep what is there.
set -eu
password=${CAVES_KAFKA_SASL_PLAIN_PASSWORD:?set it, before docker compose is called, to the password of the user caves}
programs=${KAFKA_HOME:-/opt/kafka}/bin

# --add-scram splits at commas, and takes every other character within double quotes as it is.
case $password in
    *,*) echo "CAVES_KAFKA_SASL_PLAIN_PASSWORD: Kafka takes no comma in it" >&2; exit 1 ;;
esac
"$programs/kafka-storage.sh" format --ignore-formatted --config "$1" \
    --cluster-id Y2F2ZXMtZC1hbGJlcnQtMQ \
    --add-scram "SCRAM-SHA-512=[name=caves,password=\"$password\"]"
unset password CAVES_KAFKA_SASL_PLAIN_PASSWORD
exec "$programs/kafka-server-start.sh" "$1"
