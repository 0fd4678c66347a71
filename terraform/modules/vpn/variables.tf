variable "name" {
  description = "Name of the installation; begins every name"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name is 3 to 20 small letters, digits and hyphens."
  }
}

variable "image_id" {
  description = "AMI of VPN hosts, baked by packer/"
  type        = string

  validation {
    condition     = startswith(var.image_id, "ami-")
    error_message = "image_id is the id of an AMI."
  }
}

variable "instance_type" {
  description = "Type of the instances"
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]+\\.[a-z0-9]+$", var.instance_type))
    error_message = "instance_type is a type of EC2, for example t3.small."
  }
}

variable "standby" {
  description = "Whether a second host stands by in the next zone"
  type        = bool
}

variable "subnet_ids" {
  description = "Public subnets, in the order of the zones: host a in the first, host b in the second"
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids are of at least two zones."
  }
}

variable "security_group_id" {
  description = "Security group of VPN hosts"
  type        = string

  validation {
    condition     = length(var.security_group_id) > 0
    error_message = "security_group_id is empty."
  }
}

variable "route_table_ids" {
  description = "Route tables that get the routes to customers and staff"
  type        = list(string)

  validation {
    condition     = length(var.route_table_ids) > 0
    error_message = "route_table_ids is empty: nobody could reach a customer."
  }
}

variable "routes" {
  description = "Label -> network behind the VPN, of customers and of staff"
  type        = map(string)

  validation {
    condition     = length(var.routes) > 0 && alltrue([for network in values(var.routes) : can(cidrnetmask(network))])
    error_message = "routes leads to at least one network of IPv4, and to nothing else."
  }
}

variable "tunnels" {
  description = "How many customers have a tunnel; with 0 missing tunnels are no fault"
  type        = number

  validation {
    condition     = var.tunnels >= 0
    error_message = "tunnels is 0 or more."
  }
}

variable "secret_arns" {
  description = "ARNs of secrets that VPN hosts read: customers' pre-shared keys. They may end in -?????? for AWS's own suffix"
  type        = list(string)

  validation {
    condition     = alltrue([for arn in var.secret_arns : can(regex("^arn:aws[a-z-]*:secretsmanager:", arn)) && !endswith(arn, "*")])
    error_message = "secret_arns are ARNs of single secrets."
  }
}

variable "kms_key_arn" {
  description = "Key of disks, topic and record"
  type        = string

  validation {
    condition     = startswith(var.kms_key_arn, "arn:")
    error_message = "kms_key_arn is the ARN of a key."
  }
}

variable "log_kms_key_arn" {
  description = "Key of logs"
  type        = string

  validation {
    condition     = startswith(var.log_kms_key_arn, "arn:")
    error_message = "log_kms_key_arn is the ARN of a key."
  }
}

variable "alarm_topic_arn" {
  description = "SNS topic that tells people"
  type        = string

  validation {
    condition     = startswith(var.alarm_topic_arn, "arn:")
    error_message = "alarm_topic_arn is the ARN of a topic."
  }
}

variable "failover_zip" {
  description = "Zip of the function vpn_failover, from ./scripts/lambdas build"
  type        = string

  validation {
    condition     = fileexists(var.failover_zip)
    error_message = "There is no such file. Build it with: ./scripts/lambdas build"
  }
}

variable "log_days" {
  description = "Days for which the function's log is kept"
  type        = number

  validation {
    condition     = var.log_days >= 30
    error_message = "log_days is at least 30."
  }
}
