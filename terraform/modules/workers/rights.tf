# What a worker may: one policy, which the small installation's portal host gets too.

data "aws_region" "current" {}
data "aws_partition" "current" {}

locals {
  region    = data.aws_region.current.name
  partition = data.aws_partition.current.partition
}

data "aws_iam_policy_document" "worker" {
  statement {
    sid       = "TakeAndSendWork"
    actions   = ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"]
    resources = [aws_sqs_queue.this["celery"].arn]
  }

  statement {
    sid       = "TakeEvents"
    actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"]
    resources = [aws_sqs_queue.this["events"].arn]
  }

  # No deletion, no change of locks, no other version than the current one.
  statement {
    sid       = "WriteAndReadDocuments"
    actions   = ["s3:PutObject", "s3:GetObject"]
    resources = ["${var.documents_bucket.arn}/*"]
  }

  statement {
    sid       = "ReadWhatCustomersSent"
    actions   = ["s3:GetObject"]
    resources = ["${var.inbox_bucket.arn}/*"]
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
    resources = [var.documents_bucket.arn, var.inbox_bucket.arn, var.artifacts_bucket.arn]
  }

  statement {
    sid       = "ReadSecrets"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = concat(aws_secretsmanager_secret.configuration[*].arn, var.database_secret_arns, var.portal_secret_arns)
  }

  statement {
    sid       = "ReadPointer"
    actions   = ["ssm:GetParameter"]
    resources = [var.release_parameter_arn]
  }

  # Through the services that hold what is sealed, never the key itself.
  statement {
    sid       = "UnsealAndSeal"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn, var.documents_kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["s3", "sqs", "secretsmanager", "ssm"] : "${service}.${local.region}.amazonaws.com"]
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
    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/${var.name}/worker*"]
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

data "aws_caller_identity" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
}

resource "aws_iam_policy" "worker" {
  name        = "${var.name}-worker"
  description = "What a host that runs workers may"
  policy      = data.aws_iam_policy_document.worker.json
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

resource "aws_iam_role" "worker" {
  name               = "${var.name}-worker"
  description        = "Worker hosts"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy_attachment" "worker" {
  role       = aws_iam_role.worker.name
  policy_arn = aws_iam_policy.worker.arn
}

resource "aws_iam_instance_profile" "worker" {
  name = "${var.name}-worker"
  role = aws_iam_role.worker.name
}

# A page that has made work says so; the row in the database is the truth, and a sweep finds it anyway.
data "aws_iam_policy_document" "wake" {
  statement {
    sid       = "WakeWorkers"
    actions   = ["sqs:SendMessage", "sqs:GetQueueAttributes"]
    resources = [aws_sqs_queue.this["celery"].arn]
  }

  statement {
    sid       = "SealMessages"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sqs.${local.region}.amazonaws.com"]
    }
  }
}

resource "aws_iam_policy" "wake" {
  name        = "${var.name}-wake"
  description = "What a host may that only sends work to workers"
  policy      = data.aws_iam_policy_document.wake.json
}
