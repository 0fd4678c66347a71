# What a portal host may: read, and be told its release. Documents are written by workers.

data "aws_iam_policy_document" "portal" {
  statement {
    sid       = "ReadDocuments"
    actions   = ["s3:GetObject"]
    resources = ["${var.documents_bucket.arn}/*"]
  }

  statement {
    sid       = "ReadReleases"
    actions   = ["s3:GetObject"]
    resources = ["${var.artifacts_bucket.arn}/proforma-*", "${var.artifacts_bucket.arn}/configuration/*"]
  }

  # Without it S3 answers 403 where it means 404.
  statement {
    sid       = "TellMissingFromForbidden"
    actions   = ["s3:ListBucket"]
    resources = [var.documents_bucket.arn, var.artifacts_bucket.arn]
  }

  statement {
    sid     = "ReadSecrets"
    actions = ["secretsmanager:GetSecretValue"]
    resources = concat(
      [aws_secretsmanager_secret.configuration.arn], values(local.secret_arns),
      [var.database_secret_arns.app, var.database_secret_arns.migration, var.database_secret_arns.backup],
    )
  }

  statement {
    sid       = "ReadPointer"
    actions   = ["ssm:GetParameter"]
    resources = [aws_ssm_parameter.release.arn]
  }

  # Through the services that hold what is sealed, never the key itself.
  statement {
    sid       = "Unseal"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn, var.documents_kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["s3", "secretsmanager"] : "${service}.${local.region}.amazonaws.com"]
    }
  }

  # CloudWatch's metrics have no ARN; the namespace is what can be named.
  statement {
    sid       = "SendMetrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["Proforma"]
    }
  }

  statement {
    sid       = "SendLogs"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/${var.name}/portal*"]
  }

  # The inventory of EC2 reaches hosts that way: no port for ssh is open anywhere.
  statement {
    sid = "SessionsOfAdministrators"
    actions = [
      "ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
    ]
    resources = ["*"] # none of these can name a resource
  }
}

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "Host"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  name               = "${var.name}-portal"
  description        = "Portal hosts"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "this" {
  name   = "portal"
  role   = aws_iam_role.this.name
  policy = data.aws_iam_policy_document.portal.json
}

resource "aws_iam_role_policy_attachment" "extra" {
  for_each = var.extra_policy_arns

  role       = aws_iam_role.this.name
  policy_arn = each.value
}

resource "aws_iam_instance_profile" "this" {
  name = "${var.name}-portal"
  role = aws_iam_role.this.name
}
