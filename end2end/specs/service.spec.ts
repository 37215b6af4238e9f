// One service: how it stands and why.
import { expect, test } from '../harness/test.ts';

test('shows its tasks with the connections of each, its alarms, its revision', async ({ page, demo }) => {
  await page.goto(await demo.pathOf('auth-nats'));
  await expect(page.getByRole('heading', { level: 1 })).toContainText('auth-nats is up');
  const tasks = page.locator('#tasks').locator('tbody tr');
  await expect(tasks).toHaveCount(2);
  for (const task of await tasks.all()) {
    await expect(task).toContainText('RUNNING');
    await expect(task.locator('.connections li')).toHaveCount(1);
  }
  await expect(page.locator('#alarms')).toContainText('0 of 3 on');
  await expect(page.locator('#deployments')).toContainText('completed');
  await expect(page.locator('#facts')).toContainText('wants 2, runs 2');
});

test('says why nobody should touch the one that is off on purpose', async ({ page, demo }) => {
  await page.goto(await demo.pathOf('language-system-nats'));
  await expect(page.getByRole('heading', { level: 1 })).toContainText('off on purpose');
  await expect(page.locator('#facts')).toContainText('circular imports');
  await expect(page.locator('#tasks')).toContainText('It wants no task and runs none.');
});

test.describe('an address that leads nowhere', () => {
  test.use({ tolerated: /status of 404/ });

  test('is a 404 that says so', async ({ page }) => {
    const answer = await page.goto('/services/production/no-such-cluster/no-such-service');
    expect(answer?.status()).toBe(404);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.getByRole('main')).toContainText('no-such-service');
  });
});
