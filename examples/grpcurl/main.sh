#!/usr/bin/env bash
# Sets a secret, is refused it, is granted it and reads it, and keeps the receipt of each call: ../README.md.
# Tokens go through the environment and values through pipes: what stands in a command line can be seen by all of a machine.
set -euo pipefail

name=example/grpcurl
case "$ZSC_URL" in
  https://*) security=(${ZSC_CA_FILE:+-cacert "$ZSC_CA_FILE"}) ;;
  *) security=(-plaintext) ;;
esac

# call TOKEN_FILE WHAT CODE METHOD, the message being its input: what came is in $answer. CODE 0 is good, others are 64 and the gRPC code.
call() {
  local code=0 receipt
  answer="$(TOKEN="$(<"$1")" grpcurl "${security[@]}" -v -max-time 10 -expand-headers \
    -H 'Authorization: Bearer ${TOKEN}' -d @ "${ZSC_URL#*://}" "$4" 2>&1)" || code=$?
  if [ "$code" != "$3" ]; then
    echo "$2: $code instead of $3" >&2
    exit 1
  fi
  receipt="$(sed -n 's/^zsc-receipt: //p' <<<"$answer")"
  echo "$2, receipt $receipt"
  echo "$receipt" >>receipts.txt
}

value="$(head -c 24 /dev/urandom | base64)"
call "$ZSC_ADMIN_TOKEN_FILE" "set" 0 zsc.v1.ZscAdmin/Set <<<"{\"name\":\"$name\",\"value\":\"$value\"}"
call "$ZSC_TOKEN_FILE" "refused with 7, PERMISSION_DENIED" 71 zsc.v1.ZeqContext/Read <<<"{\"name\":\"$name\"}"
call "$ZSC_ADMIN_TOKEN_FILE" "granted" 0 zsc.v1.ZscAdmin/Grant <<<"{\"name\":\"$name\",\"zid\":\"$ZSC_ZID\"}"
call "$ZSC_TOKEN_FILE" "read" 0 zsc.v1.ZeqContext/Read <<<"{\"name\":\"$name\",\"purpose\":\"example\"}"
if [[ "$answer" != *"\"value\": \"$value\""* ]]; then
  echo "not what was set" >&2
  exit 1
fi
call "$ZSC_ADMIN_TOKEN_FILE" "deleted" 0 zsc.v1.ZscAdmin/Delete <<<"{\"name\":\"$name\"}"
