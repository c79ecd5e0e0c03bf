/** Where the firewalls and certificates of CloudFront live, whatever the extension's region is. */
export const firewallRegion = 'us-east-1';
