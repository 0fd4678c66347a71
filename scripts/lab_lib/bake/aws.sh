# moto in AWS's place, from wheels whose hashes are pinned.
apt-get install -y --no-install-recommends python3-venv
python3 -m venv /opt/moto
/opt/moto/bin/pip install --quiet --no-index --find-links /srv/wheels --no-deps /srv/wheels/*.whl
rm -rf /srv/wheels
