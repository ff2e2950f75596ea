import { hostname } from 'node:os';
import type { CertificateFacts } from './certificate.js';

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/** The host of an endpoint, an IPv6 address without its brackets. */
export function hostOf(endpoint: string): string {
  // Only for the schemes of the web does the parser know that names have no upper case.
  return new URL(endpoint.replace(/^[a-z.]+:/i, 'http:')).hostname.replace(/^\[|\]$/g, '').toLowerCase();
}

/** Whether the certificate names this host. An address may stand among the names, as some servers write it. */
export function namesHost({ dnsNames, ipAddresses }: CertificateFacts, host: string): boolean {
  const names = new Set([...dnsNames, ...ipAddresses].map((name) => name.toLowerCase().replace(/\.$/, '')));
  if (names.has(host)) return true;
  // Only this machine answers at its loopback address, so any name of it will do.
  return LOOPBACK.includes(host) && [...LOOPBACK, hostname().toLowerCase()].some((name) => names.has(name));
}
