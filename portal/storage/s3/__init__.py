"""Objects in any S3-compatible store; the only place that knows boto3."""
