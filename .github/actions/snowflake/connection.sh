#!/usr/bin/env bash
# Write the connection `prod`: by workload identity, or by key pair where PRIVATE_KEY is set.
#
# With workload identity GitHub says which repository and environment this job is of, in a token that
# lives for minutes, and Snowflake has a service user that trusts it; nothing secret is stored. `snow`
# fetches a token at each login. The connector, which `caves` uses besides, reads it from a file, so
# that is written again every two minutes until the job ends.
# https://docs.snowflake.com/en/developer-guide/snowflake-cli/cicd/github-action
set -euo pipefail
umask 077
folder="$HOME/.snowflake"
mkdir -p "$folder"

fetch_token() {
    curl --silent --show-error --fail --retry 3 \
        --header "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \
        "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=snowflakecomputing.com" |
        python3 -c 'import json, sys; sys.stdout.write(json.load(sys.stdin)["value"])' \
            > "$folder/caves.token.new"
    mv "$folder/caves.token.new" "$folder/caves.token"
}

{
    echo '[prod]'
    echo "account = \"$ACCOUNT\""
    echo "role = \"$ROLE\""
    if [ -n "${LOGIN:-}" ]; then
        echo "user = \"$LOGIN\""
    fi
    if [ -n "${PRIVATE_KEY:-}" ]; then
        echo 'authenticator = "SNOWFLAKE_JWT"'
        echo "private_key_file = \"$folder/caves.p8\""
    else
        echo 'authenticator = "WORKLOAD_IDENTITY"'
        echo 'workload_identity_provider = "OIDC"'
        echo "token_file_path = \"$folder/caves.token\""
    fi
} > "$folder/connections.toml"

if [ -n "${PRIVATE_KEY:-}" ]; then
    printf '%s\n' "$PRIVATE_KEY" > "$folder/caves.p8"
elif [ -z "${ACTIONS_ID_TOKEN_REQUEST_URL:-}" ]; then
    echo 'neither a private key nor the permission id-token: write: nothing to log in with' >&2
    exit 1
else
    fetch_token
    while sleep "${CAVES_TOKEN_SECONDS:-120}"; do fetch_token; done > "$folder/caves.token.log" 2>&1 &
fi
