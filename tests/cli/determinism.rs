//! The same bytes for any parallelism, others for another seed.

use crate::support::Project;

const FILES: [&str; 3] = ["wake.npy", "other.npy", "rows.jsonl"];

fn same(project: &Project, a: &str, b: &str) -> bool {
    FILES
        .iter()
        .all(|file| project.read(&format!("{a}/{file}")) == project.read(&format!("{b}/{file}")))
}

#[test]
fn workers_capacities_and_batches_never_change_a_byte() {
    let project = Project::new();
    let workers = |counts: [usize; 4], capacity: usize| {
        let names = ["decode", "augment", "mel", "embed"];
        let pairs = names.iter().zip(counts);
        pairs
            .flat_map(|(name, count)| {
                [
                    format!("stages.{name}.workers={count}"),
                    format!("stages.{name}.capacity={capacity}"),
                ]
            })
            .collect::<Vec<_>>()
    };
    let build = |out: &str, settings: Vec<String>| {
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        project.build(out, &settings);
    };
    build("one", workers([1, 1, 1, 1], 1));
    build("many", workers([3, 4, 2, 3], 16));
    assert!(same(&project, "one", "many"));
    build(
        "single",
        vec!["flow.batch=1".into(), "flow.in_flight=1".into()],
    );
    assert!(same(&project, "one", "single"));
    build("cacheless", vec!["augment.cache=0".into()]);
    assert!(same(&project, "one", "cacheless"));
}

#[test]
fn another_seed_gives_other_rows() {
    let project = Project::new();
    project.build("one", &[]);
    project.build("two", &["seed=2"]);
    for file in FILES {
        assert_ne!(
            project.read(&format!("one/{file}")),
            project.read(&format!("two/{file}")),
            "{file}"
        );
    }
}

#[test]
fn a_clip_s_rows_do_not_depend_on_the_clips_around_it() {
    let project = Project::new();
    project.build("all", &[]);
    let only = crate::support::data().join("wake");
    let second = {
        let mut names: Vec<_> = std::fs::read_dir(&only)
            .expect("the quickstart clips")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        names.sort();
        names[1].clone()
    };
    std::fs::create_dir(project.path("alone")).expect("writable");
    std::fs::copy(only.join(&second), project.path("alone").join(&second)).expect("copied");
    project.build("one", &["split.wake.input=alone"]);
    let (all, one) = (project.read("all/wake.npy"), project.read("one/wake.npy"));
    let row = 16 * 96 * 4;
    assert_eq!(all[128 + 2 * row..128 + 4 * row], one[128..128 + 2 * row]);
}
