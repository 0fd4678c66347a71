"""Real systemd hosts on one machine, for molecule, the lab and rehearsals of images. See README.md."""
