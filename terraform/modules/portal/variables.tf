variable "name" {
  description = "Name of the installation, first part of every name"
  type        = string
}

variable "image_id" {
  description = "AMI of portal and worker hosts, baked by packer/"
  type        = string

  validation {
    condition     = can(regex("^ami-[0-9a-f]{8,17}$", var.image_id))
    error_message = "An image is named ami- and 8 to 17 hexadecimal digits, as packer's manifest states it."
  }
}

variable "instance_type" {
  description = "Type of a portal host"
  type        = string
}

variable "kinds" {
  description = "What the hosts are: `portal`, and `worker` too where there are no worker hosts"
  type        = list(string)
  default     = ["portal"]

  validation {
    condition     = contains(var.kinds, "portal") && length(setsubtract(var.kinds, ["portal", "worker"])) == 0
    error_message = "A portal host is a portal, and nothing else but a worker besides."
  }
}

variable "hosts" {
  description = "Fewest and most portal hosts"
  type        = object({ min = number, max = number })

  validation {
    condition     = var.hosts.min >= 1 && var.hosts.min <= var.hosts.max
    error_message = "hosts.min must be between 1 and hosts.max."
  }
}

variable "load_balancer" {
  description = "Internal load balancer; null: none, staff reach the one host"
  type        = object({ subnet_ids = list(string), security_group_id = string, certificate_arn = string })

  validation {
    condition     = var.load_balancer == null ? true : length(var.load_balancer.subnet_ids) >= 2 && can(regex("^arn:[^:]+:acm:", var.load_balancer.certificate_arn))
    error_message = "A load balancer needs subnets in two zones at least, and the ARN of the portal's certificate in ACM."
  }
}

variable "subnet_ids" {
  description = "Private subnets of hosts, one for each zone"
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) > 0
    error_message = "A portal host needs a subnet."
  }
}

variable "security_group_ids" {
  description = "Security groups of portal hosts"
  type        = list(string)
}

variable "fixed_address" {
  description = "Private address of the one host, in the first of subnet_ids; null: any"
  type        = string

  validation {
    condition     = var.fixed_address == null ? true : can(cidrhost("${var.fixed_address}/32", 0))
    error_message = "fixed_address is an IPv4 address, for example 10.40.10.10."
  }
}

variable "fqdn" {
  description = "Name that staff type in"
  type        = string
}

variable "kms_key_arn" {
  description = "Key of volumes, secrets and artifacts"
  type        = string

  validation {
    condition     = can(regex("^arn:[^:]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn is the ARN of a KMS key; aliases and ids do not do, because policies name it."
  }
}

variable "documents_kms_key_arn" {
  description = "Key of documents"
  type        = string
}

variable "documents_bucket" {
  description = "Bucket of documents"
  type        = object({ name = string, arn = string })
}

variable "artifacts_bucket" {
  description = "Bucket of signed releases"
  type        = object({ name = string, arn = string })
}

variable "database_secret_arns" {
  description = "Secrets with the database's addresses: as the application's role, as the owner, for migrations, and as the role that reads, for backups"
  type        = object({ app = string, migration = string, backup = string })
}

variable "extra_policy_arns" {
  description = "Further rights, by a label: what a worker may, or what wakes workers"
  type        = map(string)
}

variable "existing_secrets" {
  description = "ARNs of secrets that exist already, where an installation is restored elsewhere: with another pseudonym key every caller would get a new name. null: they are made"
  type        = object({ secret_key = string, pseudonym_key = string })
  default     = null
}

variable "autoscaling_role_arn" {
  description = "Role by which the group starts hosts; the bootstrap makes it"
  type        = string

  validation {
    condition     = can(regex(":role/aws-service-role/autoscaling\\.amazonaws\\.com/", var.autoscaling_role_arn))
    error_message = "autoscaling_role_arn is the ARN of a service-linked role of Auto Scaling."
  }
}
