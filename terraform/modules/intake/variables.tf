variable "name" {
  description = "Name of the installation, first part of every name"
  type        = string
}

variable "endpoint_id" {
  description = "The execute-api endpoint in our network: the only way to the API"
  type        = string

  validation {
    condition     = can(regex("^vpce-[0-9a-f]+$", var.endpoint_id))
    error_message = "endpoint_id is the id of a VPC endpoint, vpce-..."
  }
}

variable "customers" {
  description = "Customers that may send, with the networks that they send from as seen behind the tunnel"
  type        = map(list(string))

  validation {
    condition     = length(var.customers) > 0 && alltrue([for networks in values(var.customers) : length(networks) > 0])
    error_message = "Each customer that sends needs a network that it sends from, and without customers there is nothing to build."
  }

  validation {
    condition     = alltrue([for one in flatten(values(var.customers)) : can(cidrnetmask(one)) && one != "0.0.0.0/0"])
    error_message = "Networks of customers are IPv4 in CIDR notation, for example 10.20.30.0/24, and never the whole internet."
  }
}

variable "zip" {
  description = "Path of intake.zip, built by `./scripts/lambdas build`"
  type        = string

  validation {
    condition     = fileexists(var.zip)
    error_message = "There is no such file. Build it with: ./scripts/lambdas build"
  }
}

variable "inbox_bucket" {
  description = "Where bodies are kept"
  type        = object({ name = string, arn = string })
}

variable "events_queue" {
  description = "Where pointers go"
  type        = object({ url = string, arn = string })
}

variable "kms_key_arns" {
  description = "Keys of inbox, event queue and senders' secrets; the first one seals the secrets"
  type        = list(string)

  validation {
    condition     = length(var.kms_key_arns) > 0 && alltrue([for arn in var.kms_key_arns : can(regex("^arn:[^:]+:kms:", arn))])
    error_message = "kms_key_arns are ARNs of KMS keys; aliases and ids do not do, because policies name them."
  }
}

variable "secrets_prefix" {
  description = "Name of a customer's secret without the customer"
  type        = string

  validation {
    condition     = endswith(var.secrets_prefix, "/")
    error_message = "The prefix ends with a slash, for example proforma/intake/: or it would name other secrets too."
  }
}

variable "throttle" {
  description = "Requests a second, and at once, above which senders are told to come later"
  type        = object({ rate = number, burst = number })
  default     = { rate = 10, burst = 20 }
}

variable "log_days" {
  description = "Days for which logs are kept"
  type        = number
}

variable "log_kms_key_arn" {
  description = "Key of log groups"
  type        = string
}
