# Two zones, a VPN host that stands by, portal and workers in auto-scaling groups behind an internal load balancer.
region       = "eu-central-1"
name         = "proforma"
portal_name  = "portal.provider.example"
vpn_identity = "vpn.provider.example"
alarm_emails = ["operations@provider.example"]
customers    = ["example-a", "example-b"]

# who brings releases: roles or users that exist, or AWS refuses the role
release_principals = ["arn:aws:iam::111122223333:role/ci"]

images = {
  portal = "ami-00000000000000001"
  vpn    = "ami-00000000000000002"
}

zones          = 2
endpoint_zones = 2
endpoints      = ["autoscaling", "ec2", "kms", "logs", "monitoring", "secretsmanager", "sqs", "ssm", "ssmmessages"]

# Example B's ServiceNow is in the cloud.
nat = true
egress = [
  { purpose = "tickets of Example B, read from ServiceNow", from = "worker", cidr = "192.0.2.128/25" },
]

vpn = {
  instance_type = "t3.small"
  standby       = true
}

portal = {
  instance_type   = "t3.medium"
  hosts           = { min = 2, max = 4 }
  load_balancer   = true
  certificate_arn = "arn:aws:acm:eu-central-1:111122223333:certificate/00000000-0000-0000-0000-000000000001"
}

workers = {
  instance_type = "t3.medium"
  hosts         = { min = 1, max = 4 }
}

database = {
  min_capacity = 0.5
  max_capacity = 8
  instances    = 2
}

documents = {
  retention_days = 3653
  inbox_days     = 90
}

schedule = {
  time_zone = "Europe/Berlin"
}
