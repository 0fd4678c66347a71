"""The certificate authority of the appliance: what ./scripts/pki does. README.md beside this says how it is built."""
