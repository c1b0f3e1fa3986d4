#!/bin/sh
# An agent at work with nothing but curl: says ready, waits for an offer, takes it, answers it.
#
#   POSTROOM_URL=http://127.0.0.1:8025 POSTROOM_TENANT=acme POSTROOM_TOKEN=... deploy/examples/agent.sh "Dear customer, ..."
#
# It answers one mail and ends; the text is the first argument. Needs curl, sed, and od.
set -eu

url=${POSTROOM_URL:-http://127.0.0.1:8025}
tenant=${POSTROOM_TENANT:?the name of the tenant, for example acme}
token=${POSTROOM_TOKEN:?the token you sign in with}
text=${1:-"Thank you for your mail. We are looking into it."}
base="$url/api/v1/$tenant"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The token goes to curl in a file, so that it does not show in the list of processes.
(umask 077 && printf 'header = "Authorization: Bearer %s"\n' "$token" >"$work/curl")

call() { # METHOD PATH [JSON] [KEY]
    method=$1 path=$2 body=${3:-} key=${4:-}
    set -- --silent --show-error --fail-with-body --max-time 60 --config "$work/curl" --request "$method"
    [ -z "$body" ] || set -- "$@" --header 'Content-Type: application/json' --data-binary "$body"
    [ -z "$key" ] || set -- "$@" --header "Idempotency-Key: $key"
    curl "$@" "$base/$path"
}

field() { # NAME: the string of that name in the JSON on standard input
    sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"
}

json() { # TEXT as a JSON string
    printf '%s' "$1" | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/	/\\t/g' | sed -e ':a' -e 'N' -e '$!ba' -e 's/\n/\\n/g' |
        sed -e 's/^/"/' -e 's/$/"/'
}

first_offer() { # the data of the first offer in the events on standard input: new ones, or one that stood already
    while IFS= read -r line; do
        case $line in
            'event: '*) event=${line#event: } ;;
            'data: '*)
                data=${line#data: }
                case $event in
                    offer) printf '%s\n' "$data" && return 0 ;;
                    work)
                        standing=$(printf '%s\n' "$data" | sed -n 's/.*"offers":\[\({[^}]*}\).*/\1/p')
                        [ -z "$standing" ] || { printf '%s\n' "$standing" && return 0; }
                        ;;
                esac
                ;;
        esac
    done
    return 1
}

# Listen first, then say ready: an offer made in between is not missed.
mkfifo "$work/events"
curl --silent --show-error --no-buffer --fail --config "$work/curl" "$base/events" >"$work/events" &
listening=$!
trap 'kill "$listening" 2>/dev/null || true; rm -rf "$work"' EXIT
exec 3<"$work/events"

call PUT me/state '{"state":"ready"}' >/dev/null
echo "Ready. Waiting for an offer ..."
offer=$(first_offer <&3) || { echo "The event stream ended." >&2 && exit 1; }

session=$(printf '%s\n' "$offer" | field session)
offered=$(printf '%s\n' "$offer" | field token)
echo "Offered: $(printf '%s\n' "$offer" | field subject) from $(printf '%s\n' "$offer" | field customer)"

call POST "sessions/$session/accept" "{\"token\":\"$offered\"}" >/dev/null
echo "Accepted."

# The key is made once: sent again after a lost answer, the reply is still sent once.
key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
reply=$(call POST "sessions/$session/replies" "{\"token\":\"$offered\",\"text\":$(json "$text")}" "$key")
echo "Answered: reply $(printf '%s\n' "$reply" | field reply) is $(printf '%s\n' "$reply" | sed 's/"recipients".*//' | field state)."
