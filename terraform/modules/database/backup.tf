# A copy in another account, which survives whoever holds this one. By option: the other account's vault has to let it in.
resource "aws_backup_vault" "this" {
  count       = var.copy_to_vault_arn == null ? 0 : 1
  name        = "${var.name}-database"
  kms_key_arn = var.kms_key_arn
}

resource "aws_backup_plan" "this" {
  count = var.copy_to_vault_arn == null ? 0 : 1
  name  = "${var.name}-database"

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.this[0].name
    schedule          = "cron(0 3 * * ? *)"

    lifecycle {
      delete_after = 35
    }
    copy_action {
      destination_vault_arn = var.copy_to_vault_arn

      lifecycle {
        delete_after = 90
      }
    }
  }
}

data "aws_partition" "this" {}

data "aws_iam_policy_document" "backup" {
  statement {
    sid     = "BackupTakesTheRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["backup.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "backup" {
  count              = var.copy_to_vault_arn == null ? 0 : 1
  name               = "${var.name}-backup"
  description        = "AWS Backup: snapshots of the database, copied to another account"
  assume_role_policy = data.aws_iam_policy_document.backup.json
}

resource "aws_iam_role_policy_attachment" "backup" {
  count      = var.copy_to_vault_arn == null ? 0 : 1
  role       = aws_iam_role.backup[0].name
  policy_arn = "arn:${data.aws_partition.this.partition}:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
}

resource "aws_backup_selection" "this" {
  count        = var.copy_to_vault_arn == null ? 0 : 1
  name         = "database"
  plan_id      = aws_backup_plan.this[0].id
  iam_role_arn = aws_iam_role.backup[0].arn
  resources    = [aws_rds_cluster.this.arn]
}
