import { PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { api } from '../../functions/runtime/api.ts';
import { dynamoDb, table } from '../../functions/runtime/tables.ts';

/** `ANY /api/notes/{note_id}`: writes a note down, then reads all notes of the company. */
export const handler = api(async ({ company, user, request }) => {
  const TableName = table('NOTES_TABLE');
  if (request.method === 'PUT') {
    const Item = {
      company,
      id: request.pathParameters['note_id'],
      by: user.name,
      at: Date.now(),
      ...Object(request.json()),
    };
    await dynamoDb().send(new PutCommand({ TableName, Item }));
  }
  const { Items } = await dynamoDb().send(
    new QueryCommand({
      TableName,
      KeyConditionExpression: 'company = :company',
      ExpressionAttributeValues: { ':company': company },
    }),
  );
  return { notes: Items };
});
