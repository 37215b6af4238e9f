// The list of services: its whole state is the URL, with JavaScript and without.
import { expect, test, type Page } from '../harness/test.ts';

const rows = (page: Page) => page.getByRole('table').locator('tbody tr');
const names = async (page: Page) => (await page.getByRole('table').locator('tbody th').getByRole('link').allTextContents()).map((name) => name.trim());

test('lists every service, what is off on purpose as such', async ({ page }) => {
  await page.goto('/services');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('23 services');
  await expect(rows(page)).toHaveCount(23);
  await expect(rows(page).filter({ hasText: 'language-system-nats' })).toContainText('off on purpose');
  await expect(rows(page).filter({ hasText: 'auth-nats' })).toContainText('2 of 2');
});

test('filters by part of a name, through the form', async ({ page }) => {
  await page.goto('/services?sort=name');
  await page.getByRole('searchbox').fill('AI-');
  await page.getByRole('button', { name: 'Filter' }).click();
  await expect(page).toHaveURL(/[?&]q=AI-/);
  await expect(page).toHaveURL(/[?&]sort=name/);
  await expect(rows(page)).toHaveCount(2);
  expect(await names(page)).toEqual(['ai-integration-nats', 'ai-router-nats']);
});

test('filters by group and by state, by links and by URL', async ({ page }) => {
  await page.goto('/services?group=core%20AI');
  await expect(rows(page)).toHaveCount(3);
  await expect(page.getByRole('combobox', { name: 'Group' })).toHaveValue('core AI');
  await page.goto('/services');
  await page.getByRole('navigation', { name: 'By state' }).getByRole('link', { name: /off on purpose/ }).click();
  await expect(page).toHaveURL(/state=off_on_purpose/);
  await expect(rows(page)).toHaveCount(1);
});

test('sorts by its headings, and the other way round', async ({ page }) => {
  await page.goto('/services');
  const heading = page.getByRole('columnheader', { name: 'Service' });
  await heading.getByRole('link').click();
  await expect(page).toHaveURL(/sort=name/);
  await expect(heading).toHaveAttribute('aria-sort', 'ascending');
  await expect(rows(page).first()).toContainText('ai-integration-nats');
  const forwards = await names(page);
  expect(forwards).toEqual([...forwards].sort());
  await heading.getByRole('link').click();
  await expect(heading).toHaveAttribute('aria-sort', 'descending');
  await expect(rows(page).first()).toContainText('world-state-nats');
  expect(await names(page)).toEqual(forwards.reverse());
});

test('pages, and keeps the filter while it does', async ({ page }) => {
  await page.goto('/services?sort=name&per=10');
  await expect(rows(page)).toHaveCount(10);
  const pager = page.getByRole('navigation', { name: 'Pages of the list' });
  await pager.getByRole('link', { name: 'Next' }).click();
  await expect(page).toHaveURL(/sort=name/);
  await expect(page).toHaveURL(/page=2/);
  await pager.getByRole('link', { name: 'Next' }).click();
  await expect(pager).toContainText('page 3 of 3');
  await expect(rows(page)).toHaveCount(3);
  await page.goBack();
  await expect(pager).toContainText('page 2 of 3');
});

test('says what it ignored, and what matches nothing', async ({ page }) => {
  await page.goto('/services?state=sideways&colour=red');
  await expect(page.getByText('state=sideways')).toBeVisible();
  await expect(rows(page)).toHaveCount(23);
  await page.goto('/services?q=no-such-service');
  await expect(page.getByText('None of the 23 services matches this filter.')).toBeVisible();
  await page.getByRole('link', { name: 'Clear the filter' }).click();
  await expect(rows(page)).toHaveCount(23);
});
