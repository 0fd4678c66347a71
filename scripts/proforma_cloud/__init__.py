"""What an EC2 host fetches at boot: secrets, the pointer and its release. On Debian's python3-boto3."""
