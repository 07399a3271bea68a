#!/usr/bin/env bash
# Sets a secret, is refused it, is granted it and reads it, and keeps the receipt of each call: ../README.md.
# Tokens and values go through files and pipes: what stands in a command line can be seen by all of a machine.
set -euo pipefail
umask 077

name=example/curl
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
printf 'Authorization: Bearer %s\n' "$(<"$ZSC_ADMIN_TOKEN_FILE")" >"$folder/admin"
printf 'Authorization: Bearer %s\n' "$(<"$ZSC_TOKEN_FILE")" >"$folder/app"

# call WHO WHAT STATUS METHOD PATH, the body being its input: what came is in $folder/answer.
call() {
  local status receipt
  status="$(curl --silent --show-error --max-time 10 ${ZSC_CA_FILE:+--cacert "$ZSC_CA_FILE"} --request "$4" \
    --header "@$folder/$1" --header 'Content-Type: application/json' --data-binary @- \
    --dump-header "$folder/headers" --output "$folder/answer" --write-out '%{http_code}' "$ZSC_URL$5")"
  if [ "$status" != "$3" ]; then
    echo "$2: $status instead of $3" >&2
    exit 1
  fi
  receipt="$(sed -n 's/^\(trailer-\)\{0,1\}zsc-receipt: \([0-9a-f.]*\).*/\2/Ip' "$folder/headers")"
  echo "$2, receipt $receipt"
  echo "$receipt" >>receipts.txt
}

value="$(head -c 24 /dev/urandom | base64)"
call admin "set" 200 POST /api/zsc/set <<<"{\"name\":\"$name\",\"value\":\"$value\"}"
call app "refused with 403" 403 POST /zsc.v1.ZeqContext/Read <<<"{\"name\":\"$name\"}"
call admin "granted" 200 POST "/api/zsc/grant/${name/\//%2F}" <<<"{\"zid\":\"$ZSC_ZID\"}"
call app "read" 200 POST /zsc.v1.ZeqContext/Read <<<"{\"name\":\"$name\",\"purpose\":\"example\"}"
if [[ "$(<"$folder/answer")" != *"\"value\":\"$value\""* ]]; then
  echo "not what was set" >&2
  exit 1
fi
call admin "deleted" 200 DELETE "/api/zsc/${name/\//%2F}" <<<""
