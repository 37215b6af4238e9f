// NATS: what is wrong, the nodes, whose every connection is. The same with and without JavaScript.
import { expect, test } from '../harness/test.ts';

test('shows the nodes and whose every connection is, with proof', async ({ page }) => {
  await page.goto('/nats');
  await expect(page.getByRole('heading', { level: 1 })).toContainText(/NATS: \d of \d nodes? answer/);
  await expect(page.locator('#nodes tbody tr')).toHaveCount(5);
  await expect(page.locator('#nodes tbody tr').first()).toContainText(/mixed|off|required/);
  const rows = page.locator('#connections tbody tr');
  await expect(rows.first()).toBeVisible();
  await expect(page.locator('#connections')).toContainText(/confirmed/);
  await expect(page.locator('#connections')).toContainText(/is the address of task/);
});

test('is filtered by the server, and the filter is in the address', async ({ page }) => {
  await page.goto('/nats');
  await page.locator('#connections').getByLabel('Service').fill('auth-nats');
  await page.locator('#connections').getByRole('button', { name: 'Filter' }).click();
  await expect(page).toHaveURL(/owner=auth-nats/);
  await expect(page.locator('#connections tbody tr')).toHaveCount(2);
  await page.goto('/nats?q=nobody-is-called-so');
  await expect(page.locator('#connections')).toContainText('None of the connections matches this filter.');
});

test('a service tells how many connections are expected and seen', async ({ page, demo }) => {
  await page.goto(await demo.pathOf('auth-nats'));
  await expect(page.locator('#connections')).toContainText(/2 tasks × 1 usual = 2 connections/);
});
