# shellcheck shell=sh
# What the guide calls "a certificate of your own".
mkdir -p /etc/gatehouse/tls
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj "/CN=portal.localhost" \
    -keyout /etc/gatehouse/tls/privkey.pem -out /etc/gatehouse/tls/fullchain.pem 2>/dev/null
