// A service over time: plots by the server, how far back in the URL, the numbers beside.
import { expect, test } from '../harness/test.ts';

test('draws tasks over the span the URL names, in words as well', async ({ page, demo }) => {
  await page.goto(`${await demo.pathOf('auth-nats')}?reach=hour`);
  const history = page.locator('#history');
  await expect(history.getByRole('link', { name: 'hour', exact: true })).toHaveAttribute('aria-current', 'true');
  const tasks = history.locator('#plot-tasks').getByRole('img');
  await expect(tasks).toHaveAttribute('aria-label', /Tasks over the last hour: running between/);
  await history.getByRole('link', { name: 'week', exact: true }).click();
  await expect(page).toHaveURL(/reach=week/);
  await expect(history.locator('#plot-tasks').getByRole('img')).toHaveAttribute('aria-label', /over the last week/);
});

test('gives the numbers as CSV', async ({ page, demo }) => {
  const answer = await page.request.get(`/api/v1${await demo.pathOf('auth-nats')}/history.csv?reach=hour`);
  expect(answer.headers()['content-type']).toContain('text/csv');
  expect(await answer.text()).toMatch(/^time,plot,line,unit,value\r\n/);
});
