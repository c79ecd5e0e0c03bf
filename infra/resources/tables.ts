import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, Billing, ProjectionType, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Function } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { deliveriesTable, environment, installationsTable, userCacheTable } from '../../shared/contract.ts';
import { allow } from './function.ts';

/** Which company is installed, and its sealed offline token. */
export class InstallationsTable extends TableV2 {
  readonly #key: Key;

  constructor(scope: Construct, id: string, { deletionProtection }: { readonly deletionProtection: boolean }) {
    // A key of our own, so that its owner can see its use and withdraw it. It is of no use without the table, nor the
    // other way round: both stay when the stack goes.
    const key = new Key(scope, `${id}Key`, {
      description: 'Encrypts the Installations table, which holds the sealed platform tokens.',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    super(scope, id, {
      partitionKey: { name: installationsTable.partitionKey, type: AttributeType.STRING },
      // Every access but the worker's listing of companies is by this key. No stream: nothing follows this table.
      globalSecondaryIndexes: [
        {
          indexName: installationsTable.listing.indexName,
          partitionKey: { name: installationsTable.listing.partitionKey, type: AttributeType.STRING },
          // So that no token, and nothing that changes with one, is ever copied.
          projectionType: ProjectionType.KEYS_ONLY,
        },
      ],
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.customerManagedKey(key),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.#key = key;
  }

  /**
   * For functions that answer browsers: whether a session still counts. The token's attribute is out of reach. They read
   * this table and the cache in one request; whether IAM judges the attributes of each table by itself is not written
   * anywhere, so those of the cache are named here too, where nothing has them.
   */
  grantSessionChecks(fn: Function): void {
    this.#grantKeyUse(fn);
    allow(fn, {
      actions: ['dynamodb:BatchGetItem'],
      resource: this.tableArn,
      conditions: onlyReading([...new Set([...installationsTable.sessionAttributes, ...userCacheTable.attributes])]),
    });
  }

  /** For the callback: reads what it decides by, and writes an installation without being able to read one's token. */
  grantRecording(fn: Function): void {
    this.#grantKeyUse(fn);
    allow(fn, {
      actions: ['dynamodb:GetItem'],
      resource: this.tableArn,
      conditions: onlyReading(installationsTable.callbackAttributes),
    });
    allow(fn, {
      actions: ['dynamodb:UpdateItem'],
      resource: this.tableArn,
      conditions: {
        ...only([...installationsTable.callbackAttributes, ...installationsTable.writtenAttributes]),
        // An update can answer with the item as it was or became. A request that does not say counts as NONE, so that
        // plain StringEquals is right. What a *failed* condition may return (ReturnValuesOnConditionCheckFailure)
        // has no documented condition key: the token is sealed and bound to its row for such gaps.
        // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
        StringEquals: { 'dynamodb:ReturnValues': 'NONE' },
      },
    });
    // No PutItem and no DeleteItem: they replace a whole item, attributes outside the list included.
  }

  /** For who acts for one company, without a person: reads and refreshes its offline token. */
  grantTokens(fn: Function): void {
    this.#grantTokenUse(fn, ['dynamodb:GetItem']);
  }

  /**
   * For the worker, which no request reaches: the same, leaves a tombstone, lists the installed companies through the
   * index, which holds nothing but keys, and reads a page of them at once.
   */
  grantBackgroundWork(fn: Function): void {
    this.#grantTokenUse(fn, ['dynamodb:GetItem', 'dynamodb:BatchGetItem']);
    allow(fn, {
      actions: ['dynamodb:Query'],
      resource: `${this.tableArn}/index/${installationsTable.listing.indexName}`,
    });
  }

  #grantTokenUse(fn: Function, reads: string[]): void {
    this.#grantKeyUse(fn);
    allow(fn, {
      actions: reads,
      resource: this.tableArn,
      conditions: onlyReading(installationsTable.refreshAttributes),
    });
    allow(fn, {
      actions: ['dynamodb:UpdateItem'],
      resource: this.tableArn,
      conditions: {
        ...only([...installationsTable.refreshAttributes, ...installationsTable.workerWrittenAttributes]),
        StringEquals: { 'dynamodb:ReturnValues': 'NONE' },
      },
    });
  }

  /**
   * DynamoDB decrypts the table's key in the name of whoever reads or writes; all else it does under a grant that it
   * made when the table was created. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
   */
  #grantKeyUse(fn: Function): void {
    fn.addEnvironment(environment.installationsTable, this.tableName);
    allow(fn, {
      actions: ['kms:Decrypt'],
      resource: this.#key.keyArn,
      conditions: { StringEquals: { 'kms:ViaService': `dynamodb.${Stack.of(this).region}.amazonaws.com` } },
    });
  }
}

/** Responses that belong to one user of one company, and who signed out. */
export class UserCacheTable extends TableV2 {
  constructor(scope: Construct, id: string) {
    super(scope, id, {
      partitionKey: { name: userCacheTable.partitionKey, type: AttributeType.STRING },
      sortKey: { name: userCacheTable.sortKey, type: AttributeType.STRING },
      timeToLiveAttribute: userCacheTable.ttlAttribute,
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.RETAIN,
    });
    // No deletion protection: whoever deletes it has the platform asked again. A copy of a cookie whose owner signed out
    // would work again until its session ends.
  }

  /** Reads entries and the epoch that tells whether they, and the user's sessions, still count. */
  grantReads(fn: Function): void {
    fn.addEnvironment(environment.userCacheTable, this.tableName);
    allow(fn, { actions: ['dynamodb:BatchGetItem'], resource: this.tableArn });
  }

  /** Moves a user's epoch: signs the user out, or makes the user's entries stale. */
  grantEpochMoves(fn: Function): void {
    allow(fn, { actions: ['dynamodb:UpdateItem'], resource: this.tableArn });
  }

  /** Stores entries. Nobody deletes any: they go stale, and the TTL removes them. */
  grantEntryWrites(fn: Function): void {
    allow(fn, { actions: ['dynamodb:PutItem'], resource: this.tableArn });
  }
}

/** Which events were handled, so that what the platform sends again is known. */
export class DeliveriesTable extends TableV2 {
  constructor(scope: Construct, id: string) {
    super(scope, id, {
      partitionKey: { name: deliveriesTable.partitionKey, type: AttributeType.STRING },
      timeToLiveAttribute: deliveriesTable.ttlAttribute,
      // No index: every access is by the key.
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.RETAIN,
    });
    // No deletion protection: whoever deletes it handles once more what the platform sends again.
  }

  /** Sees whether an event was handled, and records that it was. Nobody deletes a record: the TTL does. */
  grantRecords(fn: Function): void {
    fn.addEnvironment(environment.deliveriesTable, this.tableName);
    allow(fn, { actions: ['dynamodb:GetItem', 'dynamodb:PutItem'], resource: this.tableArn });
  }
}

type Conditions = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

/**
 * Only these attributes may be named, returned or compared. `ForAllValues` is also true of no value at all, which is
 * how a request for the whole item arrives: hence `Null`, which demands that attributes are named.
 */
function only(attributes: readonly string[]): Conditions {
  return {
    'ForAllValues:StringEquals': { 'dynamodb:Attributes': attributes },
    Null: { 'dynamodb:Attributes': 'false' },
  };
}

/**
 * Reads of nothing but these attributes. `dynamodb:Select` is AWS's documented guard against reading whole items; `Null`
 * refuses those of an operation that has no `Select`. Both are a fence: the wall is that tokens are sealed.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
 */
function onlyReading(attributes: readonly string[]): Conditions {
  return { ...only(attributes), StringEqualsIfExists: { 'dynamodb:Select': 'SPECIFIC_ATTRIBUTES' } };
}
