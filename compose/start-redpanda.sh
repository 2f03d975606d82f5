#!/usr/bin/env bash
# Run Redpanda with SASL/SCRAM-SHA-512 over TLS. The first start makes the user `caves`, whose
# password is CAVES_KAFKA_SASL_PLAIN_PASSWORD; later starts keep what is there.
set -eu
password=${CAVES_KAFKA_SASL_PLAIN_PASSWORD:?set it, before docker compose is called, to the password of the user caves}

# Redpanda splits RP_BOOTSTRAP_USER at colons.
case $password in
    *:*) echo "CAVES_KAFKA_SASL_PLAIN_PASSWORD: Redpanda takes no colon in it" >&2; exit 1 ;;
esac
export RP_BOOTSTRAP_USER="caves:$password:SCRAM-SHA-512"
unset password CAVES_KAFKA_SASL_PLAIN_PASSWORD
tls="{name: clients, enabled: true, cert_file: $1/broker.crt, key_file: $1/broker.key}"
exec rpk redpanda start --mode dev-container --smp 1 \
    --kafka-addr clients://0.0.0.0:9095 --advertise-kafka-addr clients://127.0.0.1:9095 \
    --set "redpanda.kafka_api_tls=[$tls]"
