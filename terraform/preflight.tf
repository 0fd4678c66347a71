# What cannot work is said before anything is made, each in a sentence with its remedy.
data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

data "aws_availability_zones" "here" {
  #checkov:skip=CKV_AWS_394:the first of the sorted names are taken, as many as `zones` says; a new one comes after them
  state = "available"

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

data "aws_ami_ids" "given" {
  for_each = { portal = var.images.portal, vpn = var.images.vpn }
  owners   = var.images.owners

  filter {
    name   = "image-id"
    values = [each.value]
  }
}

data "aws_secretsmanager_secrets" "by_people" {
  filter {
    name   = "name"
    values = ["${var.name}/"]
  }
}

data "aws_iam_roles" "autoscaling" {
  name_regex  = "^AWSServiceRoleForAutoScaling_${var.name}$"
  path_prefix = local.autoscaling_path
}

locals {
  missing_secrets = {
    for customer, name in local.pre_shared_keys : customer => name
    if !contains(data.aws_secretsmanager_secrets.by_people.names, name)
  }
  missing_images = [for host, found in data.aws_ami_ids.given : "images.${host} (${var.images[host]})" if length(found.ids) == 0]
  internet_users = [for name, one in local.customers : name if length(one.egress) > 0]
  needed_endpoints = toset(concat(
    ["logs", "monitoring", "secretsmanager", "sqs", "ssm", "ssmmessages"],
    var.vpn.standby ? ["ec2"] : [],
  ))
}

resource "terraform_data" "preflight" {
  lifecycle {
    precondition {
      condition     = alltrue([for findings in values(local.site_findings) : length(findings) == 0])
      error_message = join(" ", [for name, findings in local.site_findings : "Site file ${name}.yml: ${join(" ", findings)}" if length(findings) > 0])
    }
    precondition {
      condition     = length(local.overlaps) == 0
      error_message = "Networks overlap, and a route can lead to one of them only: ${join("; ", local.overlaps)}. Choose another vpc_cidr or staff_pool; a customer's gateway can translate theirs (strongswan/sites/README.md)."
    }
    precondition {
      condition     = length(data.aws_availability_zones.here.names) >= max(var.zones, var.endpoint_zones)
      error_message = "${var.region} offers this account ${length(data.aws_availability_zones.here.names)} availability zones, and zones = ${var.zones} asks for more. Take another region, or fewer zones (2 at least)."
    }
    precondition {
      condition     = var.endpoint_zones <= var.zones
      error_message = "endpoint_zones = ${var.endpoint_zones} is more than zones = ${var.zones}."
    }
    precondition {
      condition     = length(local.missing_images) == 0
      error_message = "${join(" and ", local.missing_images)}: ${var.region} has no such AMI of ${join(", ", var.images.owners)}. Bake it (packer/), or have it shared with this account."
    }
    precondition {
      condition     = contains(data.aws_iam_roles.autoscaling.arns, local.autoscaling_role_arn)
      error_message = "The role of the auto-scaling groups of ${var.name} is missing: without it they cannot start hosts from encrypted images. Apply terraform/bootstrap with -var=name=${var.name}, also when an older version of it was applied."
    }
    precondition {
      condition     = length(local.missing_secrets) == 0
      error_message = "Secrets are missing in Secrets Manager: ${join("; ", [for customer, name in local.missing_secrets : "${name} (the pre-shared key of ${customer})"])}. Make each by `aws secretsmanager create-secret --name NAME --secret-string file://FILE`."
    }
    precondition {
      condition     = var.nat || length(local.internet_users) == 0
      error_message = "Systems of ${join(", ", local.internet_users)} are reached over the internet: set nat = true and list their addresses in egress."
    }
    precondition {
      condition     = var.nat || alltrue([for one in var.egress : one.from == "vpn"])
      error_message = "egress lists what portal or worker may reach on the internet, and there is no way out: set nat = true."
    }
    precondition {
      condition     = length(setsubtract(local.needed_endpoints, var.endpoints)) == 0
      error_message = "endpoints lacks ${join(", ", setsubtract(local.needed_endpoints, var.endpoints))}: without it hosts cannot reach that service."
    }
    precondition {
      condition     = alltrue([for name in ["vault", "intake", "vpn_failover"] : fileexists("${path.root}/${var.lambdas_directory}/${name}.zip")])
      error_message = "The functions' zips are not in ${var.lambdas_directory}: run ./scripts/lambdas build first."
    }
  }
}
