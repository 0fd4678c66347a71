variable "name" {
  description = "Name of the installation; begins every name"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name is 3 to 20 small letters, digits and hyphens."
  }
}

variable "vpc_cidr" {
  description = "Network of the VPC, a /16"
  type        = string

  validation {
    condition     = can(cidrnetmask(var.vpc_cidr)) && endswith(var.vpc_cidr, "/16")
    error_message = "vpc_cidr is a network of /16, for example 10.40.0.0/16."
  }
}

variable "zones" {
  description = "Names of the availability zones with subnets"
  type        = list(string)

  validation {
    condition     = contains([2, 3], length(var.zones))
    error_message = "zones are 2 or 3: Aurora refuses a subnet group of a single zone, and there is room for three."
  }
}

variable "endpoint_zones" {
  description = "In how many of the zones each interface endpoint stands"
  type        = number

  validation {
    condition     = var.endpoint_zones >= 1 && var.endpoint_zones <= 3
    error_message = "endpoint_zones is 1, 2 or 3."
  }
}

variable "endpoints" {
  description = "Services reached by an interface endpoint, by the last part of their name, for example sqs"
  type        = set(string)

  validation {
    condition     = alltrue([for one in var.endpoints : can(regex("^[a-z0-9.-]+$", one))])
    error_message = "endpoints are names of services, for example sqs."
  }
}

variable "private_api" {
  description = "Whether there is an endpoint for the private API, with fixed addresses that customers call"
  type        = bool
}

variable "nat" {
  description = "Whether a NAT gateway stands in the first zone"
  type        = bool
}

variable "egress" {
  description = "What hosts may reach on the internet; `from` is worker, portal or vpn"
  type        = list(object({ purpose = string, from = string, cidr = string, port = number }))

  validation {
    condition     = alltrue([for one in var.egress : contains(["worker", "portal", "vpn"], one.from) && !endswith(one.cidr, "/0")])
    error_message = "egress: `from` is worker, portal or vpn, and no `cidr` is the whole internet."
  }
}

variable "customers" {
  description = "Each customer's networks, and what may pass between them and us"
  type = map(object({
    networks = list(string)
    passes = list(object({
      purpose   = string
      direction = string
      ours      = string
      theirs    = string
      protocol  = string
      ports     = list(number)
    }))
  }))

  validation {
    condition     = alltrue(flatten([for one in values(var.customers) : [for network in one.networks : can(cidrnetmask(network))]]))
    error_message = "customers: one of `networks` is no network of IPv4."
  }
}

variable "staff_pool" {
  description = "Addresses of staff's laptops behind the VPN"
  type        = string

  validation {
    condition     = can(cidrnetmask(var.staff_pool))
    error_message = "staff_pool is a network, for example 10.60.0.0/24."
  }
}

variable "load_balancer" {
  description = "Whether a load balancer stands before the portal"
  type        = bool
}

variable "log_bucket" {
  description = "Bucket that receives flow logs, and the log of accesses to the transfer bucket"
  type        = object({ name = string, arn = string })

  validation {
    condition     = startswith(var.log_bucket.arn, "arn:")
    error_message = "log_bucket.arn is the ARN of a bucket."
  }
}

variable "kms_key_arn" {
  description = "Key of the transfer bucket"
  type        = string

  validation {
    condition     = startswith(var.kms_key_arn, "arn:")
    error_message = "kms_key_arn is the ARN of a key."
  }
}
