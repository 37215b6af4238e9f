// Two projects over the same specs: with JavaScript and without. What needs JavaScript is named `*.live.spec.ts`.
import { defineConfig } from '@playwright/test';
import { chromium } from './harness/surroundings.ts';

export default defineConfig({
  testDir: 'specs',
  outputDir: '../target/end2end',
  forbidOnly: process.env.CI === 'true',
  // a test that passes at the second try has found something
  retries: 0,
  // each worker has a fleet of its own: a server, five NATS nodes and 44 connections
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: 'list',
  use: {
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: chromium(),
      // a browser in a test asks nobody but the server it tests
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  projects: [
    { name: 'live', use: { javaScriptEnabled: true } },
    { name: 'plain', testIgnore: '**/*.live.spec.ts', use: { javaScriptEnabled: false } },
  ],
});
