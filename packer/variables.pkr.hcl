variable "region" {
  type        = string
  description = "Region in which images are made."
}

variable "version" {
  type        = string
  description = "Version of the product whose roles are baked, part of the image's name, for example 1.4.0."

  validation {
    condition     = var.version != "" && regex_replace(var.version, "^[0-9]+(\\.[0-9]+){2,3}$", "") == ""
    error_message = "The version is made of numbers and dots, for example 1.4.0."
  }
}

variable "commit" {
  type        = string
  description = "Commit of this repository whose roles are baked: what git rev-parse HEAD says."

  validation {
    condition     = var.commit != "" && regex_replace(var.commit, "^[0-9a-f]{40}$", "") == ""
    error_message = "A commit is 40 hexadecimal digits, as git rev-parse HEAD says it."
  }
}

variable "subnet_id" {
  type        = string
  description = "Subnet in which images are baked, with a way to Debian's mirrors; empty: the default one."
  default     = ""
}

# A default of `false` would be sent to EC2, and in a subnet that gives public addresses nobody would reach the machine.
variable "public_address" {
  type        = bool
  description = "Whether the machine gets a public address; null: as its subnet does. False where Packer reaches private ones."
  default     = null
}

variable "kms_key" {
  type        = string
  description = "Key of images' volumes: an ARN or alias. Images that are shared need a customer's key that the other accounts may use."

  validation {
    condition     = length(var.kms_key) > 0
    error_message = "Images are always encrypted: name a key, for example alias/proforma-images."
  }
}

variable "share_with" {
  type        = list(string)
  description = "Accounts that may use the images."
  default     = []
}

variable "instance_type" {
  type        = string
  description = "Type of the machine on which images are baked."
  default     = "t3.medium"
}

variable "source_image" {
  type        = string
  description = "Name of the images of Debian to begin with; the newest is taken."
  default     = "debian-13-amd64-*"
}

variable "source_owner" {
  type        = string
  description = "Account that publishes them; Debian's by default."
  default     = "136693071363"
}

variable "local_packages" {
  type        = list(object({ path = string, sha256 = string }))
  description = "Packages that are not in Debian's archive, such as Amazon's SSM agent, by absolute path, with the SHA-256 that their publisher states."
  default     = []
}

variable "out" {
  type        = string
  description = "Directory for the manifest and the bills of materials."
  default     = "out/images"
}

# Only where there is something else than AWS: a rehearsal bakes into a host of its own.
variable "endpoint" {
  type        = string
  description = "Another address of EC2."
  default     = ""
}

variable "ssh" {
  type        = object({ host = string, user = string, key = string, keypair = string })
  description = "Another way into the machine: host, user, private key file and its name in EC2; null fields: Packer's own."
  default     = { host = "", user = "admin", key = "", keypair = "" }
}

locals {
  made = formatdate("YYYYMMDD-hhmmss", timestamp())
  bill = "/usr/share/proforma/sbom.cdx.json" # it stays in the image
}
