# Guarded three ways against deletion: Aurora's own protection, Terraform's, and a last snapshot that cannot be skipped.
locals {
  family        = "aurora-postgresql${split(".", var.engine_version)[0]}"
  database_name = "proforma"
  made          = { for name, role in local.roles : name => role if !contains(keys(var.existing_secrets), name) }
  roles         = { app = "proforma_app", migration = "proforma_owner", backup = "proforma_backup" }
}

resource "aws_db_subnet_group" "this" {
  name        = var.name
  description = "Database of ${var.name}: no way to or from the internet"
  subnet_ids  = var.subnet_ids
}

resource "aws_rds_cluster_parameter_group" "this" {
  name        = "${var.name}-${local.family}"
  description = "TLS forced; connections and changes of the schema are logged, statements with values are not"
  family      = local.family

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
  parameter {
    name  = "log_connections"
    value = "1"
  }
  parameter {
    name  = "log_disconnections"
    value = "1"
  }
  parameter {
    name  = "log_statement"
    value = "ddl"
  }
  # A slow statement could quote what a ticket says.
  parameter {
    name  = "log_parameter_max_length"
    value = "0"
  }

  lifecycle {
    create_before_destroy = true
  }
}

# RDS would make it by itself: without our key, and for ever.
resource "aws_cloudwatch_log_group" "postgresql" {
  name              = "/aws/rds/cluster/${var.name}/postgresql"
  retention_in_days = var.log_days
  kms_key_id        = var.log_kms_key_arn
}

# A last snapshot outlives its cluster, and no second one may have its name. The moment stays in the state as it was first written.
resource "terraform_data" "begun" {
  input = formatdate("YYYYMMDDhhmmss", plantimestamp())

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_rds_cluster" "this" {
  #checkov:skip=CKV2_AWS_27:logs of statements could quote what a ticket says; changes of the schema are logged
  #checkov:skip=CKV_AWS_162:roles sign in with passwords from Secrets Manager, over verified TLS
  cluster_identifier = var.name
  engine             = "aurora-postgresql"
  engine_mode        = "provisioned"
  engine_version     = var.engine_version
  database_name      = local.database_name
  port               = 5432

  # RDS makes the secret, and replaces it every seven days.
  master_username               = "proforma_master"
  manage_master_user_password   = true
  master_user_secret_kms_key_id = var.kms_key_arn

  storage_encrypted               = true
  kms_key_id                      = var.kms_key_arn
  db_subnet_group_name            = aws_db_subnet_group.this.name
  vpc_security_group_ids          = [var.security_group_id]
  db_cluster_parameter_group_name = aws_rds_cluster_parameter_group.this.name

  backup_retention_period         = var.backup_days
  preferred_backup_window         = "01:00-02:00"
  preferred_maintenance_window    = "sun:02:30-sun:03:30"
  copy_tags_to_snapshot           = true
  enabled_cloudwatch_logs_exports = ["postgresql"]

  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = false
  final_snapshot_identifier = "${var.name}-final-${terraform_data.begun.input}"

  serverlessv2_scaling_configuration {
    min_capacity             = var.min_capacity
    max_capacity             = var.max_capacity
    seconds_until_auto_pause = var.pause_seconds
  }

  tags       = { Name = var.name }
  depends_on = [aws_cloudwatch_log_group.postgresql]

  lifecycle {
    prevent_destroy = true
    ignore_changes  = [engine_version] # minor versions come by themselves; a major one is a decision with docs/deploy.md
  }
}

resource "aws_rds_cluster_instance" "this" {
  #checkov:skip=CKV_AWS_118:capacity and connections are in CloudWatch; a serverless instance's processes are Amazon's affair
  #checkov:skip=CKV_AWS_353:keeps statements, which could quote what a ticket says
  count                      = var.instances
  identifier                 = "${var.name}-${count.index + 1}"
  cluster_identifier         = aws_rds_cluster.this.id
  engine                     = aws_rds_cluster.this.engine
  instance_class             = "db.serverless"
  publicly_accessible        = false
  auto_minor_version_upgrade = true
  promotion_tier             = count.index

  tags = { Name = "${var.name}-${count.index + 1}" }

  lifecycle {
    ignore_changes = [engine_version]
  }
}
