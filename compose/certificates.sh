#!/bin/sh
# Make, in the folder $1, an authority of its own and the broker's certificate for this machine,
# unless they are there and are valid for a week yet. Nobody keeps the authority's key.
set -eu
umask 077
cd "$1"
if [ -f broker.crt ] && openssl x509 -noout -checkend 604800 -in broker.crt; then
    exit 0
fi
cat > openssl.cnf <<'END'
[req]
distinguished_name = name
prompt = no
[name]
CN = Les Caves d'Albert
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[broker]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:localhost, IP:127.0.0.1
END
new="openssl req -config openssl.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
$new -x509 -extensions authority -days 365 -subj "/CN=compose authority" \
    -keyout authority.key -out ca.pem
$new -subj "/CN=broker" -keyout broker.key -out broker.csr
openssl x509 -req -in broker.csr -CA ca.pem -CAkey authority.key -set_serial 1 -days 365 \
    -extfile openssl.cnf -extensions broker -out new.crt
cat broker.key new.crt > broker.pem
rm authority.key broker.csr openssl.cnf
chmod 644 ca.pem new.crt
mv new.crt broker.crt
