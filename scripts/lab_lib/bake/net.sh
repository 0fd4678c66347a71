# Gateways of customers, the laptop, and what plays the internet: strongSwan as a client, and what looks at networks.
apt-get install -y --no-install-recommends strongswan-swanctl charon-systemd libcharon-extra-plugins \
    libcharon-extauth-plugins libstrongswan-extra-plugins libstrongswan-standard-plugins nftables curl nmap tcpdump \
    iputils-ping python3-requests
systemctl disable strongswan nftables
