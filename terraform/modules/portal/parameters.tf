# What hosts read when they boot: which release is current, settings that are no secret, and secrets.

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

resource "aws_ssm_parameter" "settings" {
  #checkov:skip=CKV2_AWS_34:holds no secret, which a precondition below sees to
  name        = "/${var.name}/portal/settings"
  description = "Settings that are no secret, and where secrets are"
  type        = "String"

  value = jsonencode({
    settings = merge(var.settings, { PROFORMA_ALLOWED_HOSTS = var.fqdn })
    # by the names of /etc/credstore/proforma.NAME
    secrets = {
      database_url  = var.database_secret_arns.app
      secret_key    = local.secret_arns.secret_key
      pseudonym_key = local.secret_arns.pseudonym_key
    }
    portal_secrets = { migration_database_url = var.database_secret_arns.migration }
  })

  lifecycle {
    precondition {
      condition     = alltrue([for name in keys(var.settings) : startswith(name, "PROFORMA_") || startswith(name, "AWS_")])
      error_message = "Settings are named PROFORMA_... as in docs/settings.md, or AWS_..."
    }
    precondition {
      condition = length(setintersection(keys(var.settings), [
        "PROFORMA_DATABASE_URL", "PROFORMA_MIGRATION_DATABASE_URL", "PROFORMA_SECRET_KEY", "PROFORMA_PSEUDONYM_KEY",
      ])) == 0
      error_message = "A secret does not belong into settings, which stand in the state and in SSM unsealed; hosts read it from Secrets Manager."
    }
  }
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
