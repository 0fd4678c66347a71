# moto in AWS's place, from wheels whose hashes are pinned.
apt-get install -y --no-install-recommends python3-venv
python3 -m venv /opt/moto
/opt/moto/bin/pip install --quiet --no-index --find-links /root/wheels --no-deps /root/wheels/*.whl
rm -rf /root/wheels
