# What hosts read when they boot: what they configure themselves by, which release is current, and secrets.

resource "aws_ssm_parameter" "release" {
  #checkov:skip=CKV2_AWS_34:holds a version, no secret
  name        = "/${var.name}/portal/release"
  description = "Version of the current release; moved by the release role, followed by every host"
  type        = "String"
  value       = "none"

  # the rollout moves it, and an apply must not move it back
  lifecycle {
    ignore_changes = [value]
  }
}

# Without a value until playbooks/appliance.yml stores one: variables of the roles, and which playbooks a new host plays.
resource "aws_secretsmanager_secret" "configuration" {
  #checkov:skip=CKV2_AWS_57:not a password; each run of appliance.yml stores it anew
  name                    = "${var.name}/portal/configuration"
  description             = "What portal hosts configure themselves by when they boot"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = 0 # one run of the playbook makes it again
}

locals {
  secrets = {
    secret_key    = "Signs sessions of the portal"
    pseudonym_key = "Makes pseudonyms of callers. Never change it: all would change"
  }

  made        = var.existing_secrets == null ? local.secrets : {}
  secret_arns = var.existing_secrets == null ? { for name, secret in aws_secretsmanager_secret.this : name => secret.arn } : var.existing_secrets
}

ephemeral "aws_secretsmanager_random_password" "this" {
  for_each = local.made

  password_length     = 64
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:pseudonym_key must never change; a new secret_key signs everybody out, when people want it (below)
  for_each = local.made

  name                    = "${var.name}/portal/${replace(each.key, "_", "-")}"
  description             = each.value
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = 30

  lifecycle {
    prevent_destroy = true
  }
}

# Write-only: neither plan nor state holds them. Made once; a new secret_key is made by raising the version.
resource "aws_secretsmanager_secret_version" "this" {
  for_each = local.made

  secret_id                = aws_secretsmanager_secret.this[each.key].id
  secret_string_wo         = ephemeral.aws_secretsmanager_random_password.this[each.key].random_password
  secret_string_wo_version = 1
}
