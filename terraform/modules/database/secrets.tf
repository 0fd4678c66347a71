# The application's role owns nothing; another one owns the tables and is used while migrating alone; a third reads, for backups.
# ansible/playbooks/database.yml makes the roles with these passwords. Passwords never reach Terraform's state.
locals {
  told = {
    app       = "The portal's role, which owns nothing"
    migration = "The role that owns the tables, for migrations"
    backup    = "The role that reads everything and writes nothing, for backups"
  }
}

ephemeral "aws_secretsmanager_random_password" "role" {
  for_each            = local.made
  password_length     = 40
  exclude_punctuation = true # stands in an address of the form postgresql://
}

resource "aws_secretsmanager_secret" "role" {
  #checkov:skip=CKV2_AWS_57:the roles are made with it by Ansible; a change is an apply with another version and a playbook (below)
  for_each                = local.made
  name                    = "${var.name}/database/${each.key}"
  description             = local.told[each.key]
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = 30
}

resource "aws_secretsmanager_secret_version" "role" {
  for_each  = local.made
  secret_id = aws_secretsmanager_secret.role[each.key].id

  # as PROFORMA_DATABASE_URL has it; the role database_client puts the authority of RDS there
  secret_string_wo         = "postgres://${each.value}:${ephemeral.aws_secretsmanager_random_password.role[each.key].random_password}@${aws_rds_cluster.this.endpoint}:${aws_rds_cluster.this.port}/${local.database_name}?sslmode=verify-full&sslrootcert=/etc/proforma/database-ca.pem&connect_timeout=10"
  secret_string_wo_version = 1 # one more, and the next apply makes a new password; then playbooks/database.yml
}
