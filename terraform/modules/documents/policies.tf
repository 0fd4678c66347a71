# Who may do what with the buckets, besides what roles may: refusals that hold for everybody in the account.

data "aws_iam_policy_document" "tls_only" {
  for_each = local.arns

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [each.value, "${each.value}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

# No lock that outlasts the retention: what has to be deleted one day must be deletable.
data "aws_iam_policy_document" "locks" {
  statement {
    sid       = "NoLongerThanRetention"
    effect    = "Deny"
    actions   = ["s3:PutObject", "s3:PutObjectRetention"]
    resources = ["${local.arns.documents}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "NumericGreaterThan"
      variable = "s3:object-lock-remaining-retention-days"
      values   = [tostring(var.retention_days)]
    }
  }

  statement {
    sid       = "NoCompliance"
    effect    = "Deny"
    actions   = ["s3:PutObject", "s3:PutObjectRetention"]
    resources = ["${local.arns.documents}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "s3:object-lock-mode"
      values   = ["COMPLIANCE"]
    }
  }
}

# The witness alone writes, and nobody deletes: administrators of the account neither.
data "aws_iam_policy_document" "witness" {
  statement {
    sid       = "OnlyTheWitnessWrites"
    effect    = "Deny"
    actions   = ["s3:PutObject", "s3:PutObjectRetention", "s3:PutObjectLegalHold"]
    resources = ["${local.arns.register}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "ArnNotEquals"
      variable = "aws:PrincipalArn"
      values   = [local.vault_role_arn]
    }
  }

  statement {
    sid       = "NobodyDeletes"
    effect    = "Deny"
    actions   = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"]
    resources = ["${local.arns.register}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    # the account's root user, kept in a safe, can take this statement back: it has to be possible to end an installation
    condition {
      test     = "ArnNotEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }
}

# A host installs what lies here and is signed; even so nobody else should be able to put things there. What hosts configure
# themselves by (configuration/*) is stored by who plays playbooks, and believed by its SHA-256, which a secret states.
data "aws_iam_policy_document" "releases" {
  statement {
    sid       = "OnlyReleasesWrites"
    effect    = "Deny"
    actions   = ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"]
    resources = ["${local.arns.artifacts}/proforma-*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "ArnNotEquals"
      variable = "aws:PrincipalArn"
      values   = [local.release_role_arn]
    }
  }
}

locals {
  further = {
    documents = [data.aws_iam_policy_document.locks.json]
    register  = [data.aws_iam_policy_document.witness.json]
    artifacts = [data.aws_iam_policy_document.releases.json]
    inbox     = []
  }
}

data "aws_iam_policy_document" "bucket" {
  for_each = local.arns

  source_policy_documents = concat([data.aws_iam_policy_document.tls_only[each.key].json], local.further[each.key])
}

resource "aws_s3_bucket_policy" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id
  policy = data.aws_iam_policy_document.bucket[each.key].json

  depends_on = [aws_s3_bucket_public_access_block.this]
}
