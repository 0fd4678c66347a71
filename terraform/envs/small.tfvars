# One portal-and-worker host, one VPN host that recovers by itself, Aurora at its smallest; no load balancer, no NAT, and
# only the endpoints that hosts need: at most 200 US dollars a month (docs/cost.md).
region       = "eu-central-1"
name         = "proforma"
portal_name  = "portal.provider.example"
vpn_identity = "vpn.provider.example"
alarm_emails = ["operations@provider.example"]
customers    = ["example-a"]

# who brings releases: roles or users that exist, or AWS refuses the role
release_principals = ["arn:aws:iam::111122223333:role/ci"]

images = {
  portal = "ami-00000000000000001"
  vpn    = "ami-00000000000000002"
}

zones          = 2
endpoint_zones = 1
endpoints      = ["logs", "monitoring", "secretsmanager", "sqs", "ssm", "ssmmessages"]

vpn = {
  instance_type = "t3.micro"
  standby       = false
}

portal = {
  instance_type = "t3.medium"
  hosts         = { min = 1, max = 1 }
  load_balancer = false
}

workers = {
  hosts = { min = 0, max = 0 }
}

database = {
  min_capacity  = 0
  max_capacity  = 2
  instances     = 1
  pause_seconds = 3600
}

documents = {
  retention_days = 3653
  inbox_days     = 90
}

schedule = {
  time_zone = "Europe/Berlin"
}
