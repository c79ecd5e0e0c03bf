import type { SQSEvent, SQSMessageAttributes } from 'aws-lambda';
import { region } from '../lambda/lambda-environment.ts';
import type { MessageAttribute, ReceivedMessage } from './sqs.ts';

/** The event that Lambda hands to a function (https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html). */
export function buildSqsEvent(messages: readonly ReceivedMessage[], queueArn: string): SQSEvent {
  return {
    Records: messages.map((message) => ({
      messageId: message.MessageId,
      receiptHandle: message.ReceiptHandle,
      body: message.Body,
      attributes: message.Attributes as unknown as SQSEvent['Records'][number]['attributes'],
      messageAttributes: readAttributes(message.MessageAttributes ?? {}),
      ...(message.MD5OfMessageAttributes !== undefined && { md5OfMessageAttributes: message.MD5OfMessageAttributes }),
      md5OfBody: message.MD5OfBody,
      eventSource: 'aws:sqs',
      eventSourceARN: queueArn,
      awsRegion: region,
    })),
  };
}

function readAttributes(attributes: Readonly<Record<string, MessageAttribute>>): SQSMessageAttributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { DataType: dataType, StringValue, BinaryValue }]) => [
      name,
      {
        ...(StringValue !== undefined && { stringValue: StringValue }),
        ...(BinaryValue !== undefined && { binaryValue: BinaryValue }),
        stringListValues: [],
        binaryListValues: [],
        dataType,
      },
    ]),
  );
}
