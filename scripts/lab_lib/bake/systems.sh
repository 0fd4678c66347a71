# A customer's systems: nginx for TLS, Request Tracker from Debian, the sandbox from wheels whose hashes are pinned.
apt-get install -y --no-install-recommends python3-venv nginx request-tracker5 rt5-standalone rt5-db-sqlite \
    dbconfig-no-thanks msmtp-mta starman tzdata tinyproxy-bin curl dnsmasq-base
python3 -m venv /opt/sandbox/venv
/opt/sandbox/venv/bin/pip install --quiet --no-index --find-links /srv/wheels --no-deps /srv/wheels/*.whl
rm -rf /srv/wheels
rm -f /etc/nginx/sites-enabled/default
systemctl disable nginx
