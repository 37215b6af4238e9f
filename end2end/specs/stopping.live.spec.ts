// An operator's restart does not wait for a browser somebody left open.
import { Demo } from '../harness/demo.ts';
import { expect, test } from '../harness/test.ts';

test.use({ tolerated: /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|asked another host/ });

test('the server ends within five seconds under an open live page', async ({ page }) => {
  const demo = await Demo.start(['--no-script']);
  await page.goto(demo.signIn);
  await expect(page.getByRole('status').filter({ hasText: 'live' })).toBeVisible();
  const asked = Date.now();
  await demo.end();
  expect(Date.now() - asked).toBeLessThan(5_000);
  await expect(page.getByRole('status').filter({ hasText: 'reconnecting' })).toBeVisible();
});
