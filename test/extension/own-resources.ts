import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { AddOwnResources } from '../../infra/resources/own-resources.ts';

/** A table of notes for the route that writes them. */
export const addOwnResources: AddOwnResources = ({ stack, functions }) => {
  const notes = new TableV2(stack, 'Notes', {
    partitionKey: { name: 'company', type: AttributeType.STRING },
    sortKey: { name: 'id', type: AttributeType.STRING },
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const route = functions.get('./test/extension/notes.ts');
  notes.grant(route, 'dynamodb:Query', 'dynamodb:PutItem');
  route.addEnvironment('NOTES_TABLE', notes.tableName);
};
