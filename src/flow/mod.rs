//! The generic dataflow runtime: stages joined by bounded channels.
//!
//! ```text
//! source ─▶ channel ─▶ N workers ─▶ channel ─▶ M workers ─▶ reorder ─▶ sink
//!    ▲                                                                  │
//!    └────────────────────────── permits ◀──────────────────────────────┘
//! ```
//!
//! The runtime knows nothing of what flows. It numbers the items, moves them,
//! counts time and shuts down:
//!
//! - An item gets its sequence number and a permit at the source, and gives the
//!   permit back when the sink has taken it **in order**. So the number in
//!   flight is bounded, the reorder buffer included.
//! - A failure at sequence number *s* lowers the flow's *limit* to *s*. Items
//!   before the limit are finished and delivered, the rest are dropped where
//!   they are, so what the sink saw when a run fails does not depend on timing:
//!   everything before the first failing item. A cancel is a limit of zero.
//! - Nobody stops reading. A worker leaves its loop when its input is closed
//!   and never before, so nobody upstream can hang on a full channel; the
//!   source closes the first channel, and the rest follows.
//! - What a stage takes in bytes beyond what an item usually takes, it takes of a
//!   [`Budget`] first, if the flow has one.
//! - A panic in a worker is caught and becomes a failure that names the stage
//!   and what it was working on.
//! - A stage has threads for the most workers it may get. Those beyond its
//!   present number are parked; a [`Governor`] may change that number while the
//!   flow runs, never to zero.
//!
//! Every worker thread builds its own [`Worker`] through its [`Stage`], so
//! scratch memory and sessions need no lock.

mod background;
mod both;
mod budget;
mod builder;
mod cancel;
mod channel;
mod error;
mod facts;
mod gate;
mod gauge;
mod governor;
mod guard;
mod observer;
mod permits;
mod recycle;
mod reorder;
mod run;
mod shared;
mod stage;
mod stop;
mod stopwatch;
mod turnstile;

pub use background::Background;
pub use both::both;
pub use budget::{Account, Budget, Cancelled};
pub use builder::{Flow, Ready};
pub use cancel::{Cancel, CancelToken};
pub use channel::{Closed, Receiver, Sender, channel};
pub use error::{BoxError, FlowError};
pub use facts::{FlowFacts, Resize, Seq, StageFacts, StageId, Work};
pub use governor::Governor;
pub use guard::shelter;
pub use observer::{Observer, Sheltered, Silent};
pub use permits::{Permit, Permits};
pub use recycle::Recycler;
pub use reorder::{Reorder, Repeated};
pub use shared::{Settings, StageSettings};
pub use stage::{Focus, Sink, Stage, Worker};
pub use turnstile::{Ticket, Turnstile};
