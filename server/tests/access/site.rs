//! The web side over an empty store, and asking it.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use domain::Timestamp;
use domain::account::Role;
use domain::cost::Allowance;
use domain::port::Clock;
use http_body_util::BodyExt;
use signalbox::accounts::{Accounts, Lasting, Origin};
use signalbox::collect::Attention;
use signalbox::config::Config;
use signalbox::dice::SystemDice;
use signalbox::engine::{Engine, Hands, Parts};
use signalbox::live::Live;
use signalbox::plane::{ControlPlane, Desk, Reporting, Setting};
use signalbox::readiness::{Judging, scorecard};
use signalbox::report::{Key, Settings};
use signalbox::store::{Marks, Signed, Store};
use signalbox::tails::Tails;
use signalbox::trouble::Trouble;
use signalbox::web::{self, Listed, Origins, Shared};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

pub(crate) const HOST: &str = "127.0.0.1:3000";
pub(crate) const ORIGIN: &str = "http://127.0.0.1:3000";
pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const LASTING: Lasting = Lasting { idle: Duration::from_secs(12 * 3_600), longest: Duration::from_secs(7 * 86_400) };

/// A clock that is moved by hand.
pub(crate) struct Hand(AtomicI64);

impl Hand {
    pub(crate) fn pass(&self, span: Duration) {
        self.0.fetch_add(i64::try_from(span.as_micros()).unwrap(), Ordering::Relaxed);
    }
}

#[async_trait::async_trait]
impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }

    async fn sleep(&self, _: Duration) {
        std::future::pending().await
    }
}

pub(crate) struct Site {
    pub(crate) clock: Arc<Hand>,
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) store: Store,
    pub(crate) listed: Vec<Listed>,
    pub(crate) live: Live,
    pub(crate) reporting: Arc<Reporting>,
    router: Router,
    _directory: tempfile::TempDir,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The secret of the session that was given.
    pub(crate) fn session(&self) -> String {
        let cookie = self.header(header::SET_COOKIE);
        let (_, rest) = cookie.split_once("signalbox=").unwrap_or_else(|| panic!("no session was given: {} {}", self.status, self.body));
        rest.split(';').next().unwrap().to_owned()
    }

    /// The value of the attribute after this text.
    pub(crate) fn after(&self, text: &str) -> String {
        let (_, rest) = self.body.split_once(text).unwrap_or_else(|| panic!("no {text} in {}", self.body));
        rest.split(['"', '<']).next().unwrap().to_owned()
    }
}

impl Site {
    /// A site without accounts.
    pub(crate) async fn empty() -> Self {
        Self::with(None).await
    }

    /// The same behind this public URL.
    pub(crate) async fn with(public: Option<(&str, &str)>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("signalbox.db")).await.unwrap();
        let clock = Arc::new(Hand(AtomicI64::new(1_777_714_800_000_000)));
        let shared_clock: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let accounts = Arc::new(Accounts::new(store.clone(), Arc::clone(&shared_clock), Arc::new(SystemDice), LASTING));
        let live = Live::at(0);
        let plane = Arc::new(ControlPlane::new(Setting {
            store: store.clone(),
            tails: Tails::new(Arc::clone(&shared_clock), HashMap::new()),
            clock: shared_clock,
            live: live.clone(),
            marks: Marks::default(),
            notice: None,
            trouble: Trouble::default(),
            attention: Attention::default(),
            environments: vec!["production".to_owned()],
            allowances: [("production".to_owned(), Allowance::default())].into(),
            judging: Arc::new(Judging::new(scorecard::load(None).unwrap(), &Config::from_sdk_chain())),
        }));
        let public = public.map(|(scheme, authority)| (scheme.to_owned(), authority.to_owned()));
        let parts = Parts {
            store: store.clone(),
            clock: Arc::clone(&clock) as _,
            dice: Arc::new(SystemDice),
            live: live.clone(),
            hands: Hands::new(store.clone(), Arc::clone(&clock) as _, std::collections::BTreeMap::new()),
            marks: Marks::default(),
        };
        let engine = Engine::start(parts, CancellationToken::new()).await.unwrap();
        let key = Key::open(store.path(), &SystemDice).unwrap();
        let desk = Desk { key, settings: Settings::default(), dice: Arc::new(SystemDice), browser: None };
        let reporting = Arc::new(Reporting::new(plane, desk));
        let shared = Shared::new(Arc::clone(&reporting), engine, Arc::clone(&accounts), public.as_ref(), CancellationToken::new());
        let (router, listed) = web::site(shared, Arc::new(Origins::new(public, HOST.parse().unwrap())));
        Self { clock, accounts, store, listed, live, reporting, router, _directory: directory }
    }

    /// A site with the admin Ann, who signs in by [`PASSWORD`].
    pub(crate) async fn new() -> Self {
        let site = Self::empty().await;
        let path = site.accounts.first_link().await.unwrap().unwrap();
        site.accounts.welcome(path.strip_prefix("/welcome/").unwrap(), "Ann", PASSWORD.to_owned(), &origin()).await.unwrap();
        site
    }

    /// The secret of a new session of somebody of that role.
    pub(crate) async fn signed_in(&self, role: Role) -> String {
        let id = self.store.account_without_password(&format!("some {role}"), role, &Signed::ourselves(self.clock.now())).await.unwrap();
        self.accounts.let_in(id, &origin()).await.unwrap()
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> axum::http::Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, session: Option<&str>, headers: &[(&str, &str)], body: &str) -> Answer {
        let response = self.send(request(method, path, session, headers, body)).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&bytes).into_owned() }
    }

    /// A page or an answer of the API.
    pub(crate) async fn get(&self, path: &str, session: Option<&str>) -> Answer {
        self.ask(Method::GET, path, session, &[("accept", "text/html")], "").await
    }

    /// A form of ours, as a browser sends it.
    pub(crate) async fn post(&self, path: &str, session: Option<&str>, body: &str) -> Answer {
        let referer = format!("{ORIGIN}/alarms/production/cpu?x=1");
        self.ask(Method::POST, path, session, &[FORM, ("origin", ORIGIN), ("accept", "text/html,*/*"), ("referer", &referer)], body).await
    }

    /// The login form; answers the session's secret.
    pub(crate) async fn sign_in(&self, name: &str, password: &str) -> Answer {
        self.post("/login", None, &format!("name={name}&password={}&to=/alarms", password.replace(' ', "+"))).await
    }
}

pub(crate) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

pub(crate) fn request(method: Method, path: &str, session: Option<&str>, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, HOST);
    if let Some(session) = session {
        request = request.header(header::COOKIE, format!("other=1; signalbox={session}"));
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_owned())).unwrap()
}

/// From where everything here is asked: no socket, no address.
pub(crate) fn origin() -> Origin {
    Origin { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), agent: "test".to_owned() }
}
