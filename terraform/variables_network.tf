variable "vpc_cidr" {
  description = "Network of the VPC, a /16 of private addresses; overlaps no customer's network and no pool"
  type        = string
  default     = "10.40.0.0/16"

  validation {
    condition     = can(cidrnetmask(var.vpc_cidr)) && try(split("/", var.vpc_cidr)[1] == "16" && cidrhost(var.vpc_cidr, 0) == split("/", var.vpc_cidr)[0], false)
    error_message = "vpc_cidr is a network of /16 that ends in .0.0, for example 10.40.0.0/16."
  }
  validation {
    condition     = can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)", var.vpc_cidr))
    error_message = "vpc_cidr is not in a private range: take one of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16."
  }
}

variable "staff_pool" {
  description = "Addresses that laptops of staff are given by the VPN; outside vpc_cidr"
  type        = string
  default     = "10.60.0.0/24"

  validation {
    condition     = can(cidrnetmask(var.staff_pool)) && try(cidrhost(var.staff_pool, 0) == split("/", var.staff_pool)[0], false)
    error_message = "staff_pool is a network, for example 10.60.0.0/24."
  }
}

variable "zones" {
  description = "Availability zones with subnets: 2 or 3. Aurora needs two even where one host is all there is"
  type        = number
  default     = 2

  validation {
    condition     = contains([2, 3], var.zones)
    error_message = "zones is 2 or 3: Aurora refuses a subnet group of a single zone."
  }
}

variable "endpoints" {
  description = "AWS services that are reached by an interface endpoint (each costs by the hour and zone); S3 always is, free of charge"
  type        = set(string)

  validation {
    condition = length(setsubtract(var.endpoints, [
      "ec2", "ec2messages", "elasticloadbalancing", "autoscaling", "kms", "logs", "monitoring", "secretsmanager", "sns", "sqs", "ssm", "ssmmessages", "sts"
    ])) == 0
    error_message = "endpoints are of ec2, ec2messages, elasticloadbalancing, autoscaling, kms, logs, monitoring, secretsmanager, sns, sqs, ssm, ssmmessages, sts."
  }
}

variable "endpoint_zones" {
  description = "In how many zones each endpoint stands; one is cheaper, and is lost with its zone"
  type        = number
  default     = 1

  validation {
    condition     = var.endpoint_zones >= 1 && var.endpoint_zones <= 3 && floor(var.endpoint_zones) == var.endpoint_zones
    error_message = "endpoint_zones is 1, 2 or 3."
  }
}

variable "nat" {
  description = "A NAT gateway, so that hosts reach what `egress` lists, from one fixed address that customers allow"
  type        = bool
  default     = false
}

variable "egress" {
  description = "What hosts may reach on the internet, for a ticket system or single sign-on in the cloud; nothing else passes. `from`: worker, portal or vpn (its certificates' revocation lists)"
  type = list(object({
    purpose = string
    from    = string
    cidr    = string
    port    = optional(number, 443)
  }))
  default = []

  validation {
    condition     = alltrue([for one in var.egress : contains(["worker", "portal", "vpn"], one.from)])
    error_message = "egress: `from` is worker, portal or vpn."
  }
  validation {
    condition = alltrue([
      for one in var.egress : can(cidrnetmask(one.cidr)) && try(tonumber(split("/", one.cidr)[1]) >= 8, false)
    ])
    error_message = "egress: `cidr` is a network of IPv4, /8 at the widest. An allow-list of everything is none."
  }
  validation {
    condition     = alltrue([for one in var.egress : one.port >= 1 && one.port <= 65535 && can(regex("^[A-Za-z0-9 .,_:/()-]{3,100}$", one.purpose))])
    error_message = "egress: `port` is 1 to 65535; `purpose` says in 3 to 100 plain characters what it is for."
  }
}
