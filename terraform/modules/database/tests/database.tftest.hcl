# The real provider, without account or endpoint: a plan asks nobody. It is not mocked, because passwords that are never
# written down cannot be; so the secrets are given. The rehearsal makes them.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  existing_secrets    = { app = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:a", migration = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:m", backup = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:b" }
  name                = "proforma"
  subnet_ids          = ["subnet-1", "subnet-2"]
  security_group_id   = "sg-1"
  kms_key_arn         = "arn:aws:kms:eu-central-1:111122223333:key/1"
  min_capacity        = 0.5
  max_capacity        = 4
  pause_seconds       = null
  instances           = 2
  backup_days         = 35
  copy_to_vault_arn   = null
  deletion_protection = true
  log_days            = 400
  log_kms_key_arn     = "arn:aws:kms:eu-central-1:111122223333:key/2"
}

run "it_is_encrypted_guarded_and_can_be_restored" {
  command = plan

  assert {
    condition     = aws_rds_cluster.this.storage_encrypted && aws_rds_cluster.this.deletion_protection && !aws_rds_cluster.this.skip_final_snapshot && aws_rds_cluster.this.backup_retention_period == 35
    error_message = "Encryption, deletion protection, last snapshot or backups are missing."
  }
  assert {
    condition     = aws_rds_cluster.this.manage_master_user_password
    error_message = "The master's password is not managed by RDS."
  }
  assert {
    condition     = contains([for one in aws_rds_cluster_parameter_group.this.parameter : "${one.name}=${one.value}"], "rds.force_ssl=1")
    error_message = "TLS is not forced."
  }
}

run "its_logs_are_sealed_and_end" {
  command = plan

  assert {
    condition     = aws_cloudwatch_log_group.postgresql.name == "/aws/rds/cluster/proforma/postgresql" && aws_cloudwatch_log_group.postgresql.retention_in_days == 400 && aws_cloudwatch_log_group.postgresql.kms_key_id == var.log_kms_key_arn
    error_message = "RDS would make the group itself: without our key, and for ever."
  }
}

run "the_last_snapshot_has_a_name_of_its_own" {
  command = plan

  assert {
    condition     = can(regex("^proforma-final-[0-9]{14}$", aws_rds_cluster.this.final_snapshot_identifier))
    error_message = "A second installation of this name could not be taken down: its last snapshot's name is taken."
  }
}

run "portal_owner_and_backups_have_a_role_each" {
  command = plan

  assert {
    condition     = output.roles == { app = "proforma_app", migration = "proforma_owner", backup = "proforma_backup" } && length(setsubtract(["app", "migration", "backup"], keys(output.secrets))) == 0
    error_message = "A role, or its secret, is missing."
  }
}

run "a_copy_in_another_account_is_an_option" {
  command = plan

  variables {
    copy_to_vault_arn = "arn:aws:backup:eu-central-1:444455556666:backup-vault:proforma"
  }

  assert {
    condition     = length(aws_backup_plan.this) == 1
    error_message = "There is no plan of backups."
  }
}

run "one_zone_is_too_few" {
  command = plan

  variables {
    subnet_ids = ["subnet-1"]
  }

  expect_failures = [var.subnet_ids]
}

run "pausing_needs_a_capacity_of_nothing" {
  command = plan

  variables {
    pause_seconds = 600
  }

  expect_failures = [var.pause_seconds]
}

run "backups_of_three_days_are_too_few" {
  command = plan

  variables {
    backup_days = 3
  }

  expect_failures = [var.backup_days]
}
