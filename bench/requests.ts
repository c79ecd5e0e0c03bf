import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { gatewayEvent } from '../test/functions/fixture/event.ts';
import { inventoryChange, inventoryPath, listingPath } from './platform-answers.ts';

/** What a page's call says that it takes: it is part of a cached answer's key. */
export const acceptHeader = 'application/json';
const headers = {
  accept: acceptHeader,
  'accept-encoding': 'gzip, deflate, br, zstd',
  origin: 'https://extension.example',
};
const prefix = '/api/platform/';

/** The query of a listing's page. */
export const listingQuery = (page: number): string => `page_no=${page}&page_size=12`;

/** A page asks for products. */
export function readEvent(cookie: string, page: number, path = listingPath): APIGatewayProxyEventV2 {
  return gatewayEvent({
    path: `${prefix}${path}`,
    query: listingQuery(page),
    pathParameters: { path },
    headers,
    cookie,
  });
}

/** A page changes a stock. */
export function writeEvent(cookie: string): APIGatewayProxyEventV2 {
  return gatewayEvent({
    method: 'POST',
    path: `${prefix}${inventoryPath}`,
    pathParameters: { path: inventoryPath },
    headers: { ...headers, 'content-type': 'application/json' },
    cookie,
    body: inventoryChange,
  });
}
