"""Queues, buckets and secrets of the lab, in moto, whose state is in memory: made when moto starts, on host `aws`."""

import json
import os
import sys
import time
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

wanted = json.loads(sys.argv[1])
client = {
    name: boto3.client(name, endpoint_url=wanted["endpoint"], region_name=wanted["region"])
    for name in ("sqs", "s3", "secretsmanager")
}
for _ in range(150):
    try:
        client["sqs"].list_queues()
        break
    except (BotoCoreError, ClientError):
        time.sleep(0.1)
dead = client["sqs"].create_queue(QueueName=wanted["queues"]["dead"])["QueueUrl"]
arn = client["sqs"].get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "6"})
client["sqs"].create_queue(
    QueueName=wanted["queues"]["events"], Attributes={"VisibilityTimeout": "120", "RedrivePolicy": redrive}
)
client["sqs"].create_queue(QueueName=wanted["queues"]["work"], Attributes={"VisibilityTimeout": "120"})
for bucket in wanted["buckets"]:
    client["s3"].create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": wanted["region"]})
for name, text in json.loads(Path(os.environ["CREDENTIALS_DIRECTORY"], "secrets.json").read_text()).items():
    client["secretsmanager"].create_secret(Name=name, SecretString=text)
