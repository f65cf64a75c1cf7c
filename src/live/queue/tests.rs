//! What waits, what goes, and who is called.

use super::*;

fn told(number: usize, ids: &[&str]) -> Option<Subject> {
    Some(Subject::Contact("presence", number.to_string(), ids.iter().map(|id| (*id).to_owned()).collect()))
}

fn contact(number: usize) -> Option<Subject> {
    told(number, &["all"])
}

fn all(queue: &Queue) -> Vec<String> {
    std::iter::from_fn(|| queue.pull(Some(Duration::ZERO)).ok()).collect()
}

#[test]
fn a_slow_reader_gets_the_latest_of_each() {
    let queue = Queue::new();
    for round in 0..3 {
        for number in 0..2_000 {
            queue.push(contact(number), format!("{number}.{round}"));
        }
    }
    assert!(queue.len() <= ROOMY);
    let told = all(&queue);
    assert!(told[0].starts_with("{\"event\":\"lagged\",\"dropped\":"), "{}", told[0]);
    let dropped: usize = told[0].trim_end_matches('}').rsplit(':').next().unwrap().parse().unwrap();
    assert_eq!(dropped + told.len() - 1, 6_000, "what is not told was counted");
    let mut latest = std::collections::HashMap::new();
    told[1..].iter().for_each(|event| {
        let (number, round) = event.split_once('.').unwrap();
        latest.insert(number, round);
    });
    assert!(latest.len() == 2_000 && latest.values().all(|round| *round == "2"));
}

#[test]
fn what_has_no_subject_is_bounded_too() {
    let queue = Queue::new();
    for number in 0..20_000 {
        queue.push(None, number.to_string());
    }
    let told = all(&queue);
    assert!(told.len() <= ROOMY + 1);
    assert_eq!(told.last().unwrap(), "19999");
    let dropped: usize = told[0].trim_end_matches('}').rsplit(':').next().unwrap().parse().unwrap();
    assert_eq!(dropped + told.len() - 1, 20_000);
}

#[test]
fn more_contacts_than_room() {
    let queue = Queue::new();
    for number in 0..3 * ROOMY {
        queue.push(contact(number), String::new());
    }
    assert_eq!(all(&queue).len(), 3 * ROOMY, "each has but one state, and it is told");
}

#[test]
fn each_subscription_gets_the_latest_of_each() {
    let queue = Queue::new();
    let both = 50;
    for number in 0..both {
        queue.push(told(number, &["first"]), format!("{number} first"));
        queue.push(told(number, &["first", "second"]), format!("{number} both"));
        queue.push(told(number, &["second"]), format!("{number} second"));
    }
    for round in 0..3 * ROOMY {
        queue.push(told(both, &["second"]), round.to_string());
    }
    let told = all(&queue);
    for number in 0..both {
        assert!(!told.contains(&format!("{number} first")), "a later one tells the same subscription");
        assert!(told.contains(&format!("{number} both")), "nothing later tells the first one");
        assert!(told.contains(&format!("{number} second")));
    }
    assert!(told[0].contains("lagged") && told.last().unwrap() == &(3 * ROOMY - 1).to_string());
}

#[test]
fn subscriptions_that_come_and_go_are_bounded() {
    let queue = Queue::new();
    for round in 0..3 * ROOMY {
        let id = round.to_string();
        queue.push(told(1, &[&id]), String::new());
        queue.forget(&id, None);
        queue.push(told(round, &["changed"]), String::new());
        queue.forget("changed", Some(&HashSet::from([id.as_str()])));
    }
    queue.push(told(1, &["last"]), "last".to_owned());
    assert!(queue.len() <= ROOMY);
    assert_eq!(all(&queue).last().unwrap(), "last");
}

#[test]
fn an_ended_subscription_still_waits_where_there_is_room() {
    let queue = Queue::new();
    queue.push(told(1, &["ended"]), "1".to_owned());
    queue.forget("ended", None);
    assert_eq!(all(&queue), ["1"]);
}

#[test]
fn resources_are_bounded_by_number_too() {
    let queue = Queue::new();
    queue.push(None, "counts".to_owned());
    queue.push(contact(1), "presence".to_owned());
    for number in 0..20_000 {
        queue.push(Some(Subject::Resource(format!("/{number}"))), number.to_string());
    }
    assert!(queue.len() <= ROOMY);
    let told = all(&queue);
    assert!(told[0].contains("lagged") && told[1..3] == ["counts", "presence"] && told.last().unwrap() == "19999");
    let dropped: usize = told[0].trim_end_matches('}').rsplit(':').next().unwrap().parse().unwrap();
    assert_eq!(dropped + told.len() - 1, 20_002);
}

#[test]
fn replacing_waits_for_the_call_that_runs_alone() {
    let queue = Arc::new(Queue::new());
    (0..3).for_each(|number| queue.push(None, number.to_string()));
    let (begun, begins) = std::sync::mpsc::channel();
    let (go, gone) = std::sync::mpsc::channel::<()>();
    let (begun, gone) = (Mutex::new(begun), Mutex::new(gone));
    let slow: EventCallback = Arc::new(move |_| {
        begun.lock().unwrap().send(()).unwrap();
        gone.lock().unwrap().recv().unwrap();
    });
    queue.set_callback(Some(slow)).unwrap();
    begins.recv().unwrap();
    // The next one never comes to an end by itself: whoever waits for its calls waits for ever.
    let (stuck, release) = std::sync::mpsc::channel::<()>();
    let release = Mutex::new(release);
    let endless: EventCallback = Arc::new(move |_| {
        let _ = release.lock().unwrap().recv();
    });
    let (told, tells) = std::sync::mpsc::channel();
    let replacing = {
        let queue = Arc::clone(&queue);
        thread::spawn(move || told.send(queue.set_callback(Some(endless))).unwrap())
    };
    while queue.lock().callback.as_ref().is_none_or(|set| Arc::strong_count(set) != 1) {
        thread::yield_now();
    }
    assert!(tells.try_recv().is_err(), "the former one still runs");
    go.send(()).unwrap();
    let told = tells.recv_timeout(Duration::from_secs(60));
    drop(stuck);
    told.expect("the calls of the new one are nothing to wait for").unwrap();
    replacing.join().unwrap();
    queue.close();
    queue.join();
}

#[test]
fn removal_after_the_end_waits_for_the_call_that_runs() {
    let queue = Arc::new(Queue::new());
    queue.push(None, String::new());
    let (begun, begins) = std::sync::mpsc::channel();
    let (go, gone) = std::sync::mpsc::channel::<()>();
    let (begun, gone) = (Mutex::new(begun), Mutex::new(gone));
    let data = Arc::new(());
    let own = Arc::clone(&data);
    let callback: EventCallback = Arc::new(move |_| {
        let _own = &own;
        begun.lock().unwrap().send(()).unwrap();
        gone.lock().unwrap().recv().unwrap();
    });
    queue.set_callback(Some(callback)).unwrap();
    begins.recv().unwrap();
    queue.close();
    let removing = {
        let (queue, data) = (Arc::clone(&queue), Arc::clone(&data));
        thread::spawn(move || (queue.set_callback(None), Arc::strong_count(&data)))
    };
    while queue.lock().callback.is_some() {
        assert!(!removing.is_finished());
        thread::yield_now();
    }
    go.send(()).unwrap();
    let (outcome, owners) = removing.join().unwrap();
    assert_eq!((outcome.unwrap_err().status(), owners), (Status::Cancelled, 2), "nobody calls with it any more");
    queue.join();
}

#[test]
fn a_callback_that_panics_takes_the_next_event() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in a destructor");
        }
    }
    let queue = Arc::new(Queue::new());
    let (sender, receiver) = std::sync::mpsc::channel();
    let sender = Mutex::new(sender);
    let callback: EventCallback = Arc::new(move |event| {
        sender.lock().unwrap().send(event.to_owned()).unwrap();
        if event == "1" {
            std::panic::panic_any(Bomb);
        }
    });
    queue.set_callback(Some(callback)).unwrap();
    ["1", "2"].into_iter().for_each(|event| queue.push(None, event.to_owned()));
    let longest = Duration::from_secs(60);
    assert_eq!((receiver.recv_timeout(longest).as_deref(), receiver.recv_timeout(longest).as_deref()), (Ok("1"), Ok("2")));
    queue.set_callback(None).unwrap();
    queue.close();
    queue.join();
}

#[test]
fn pulled_or_pushed() {
    let queue = Arc::new(Queue::new());
    queue.push(None, "1".to_owned());
    let (sender, receiver) = std::sync::mpsc::channel();
    let sender = Mutex::new(sender);
    let callback: EventCallback = Arc::new(move |event| sender.lock().unwrap().send(event.to_owned()).unwrap());
    queue.set_callback(Some(callback)).unwrap();
    assert_eq!(queue.pull(Some(Duration::ZERO)).unwrap_err().status(), Status::Conflict);
    queue.push(None, "2".to_owned());
    assert_eq!((receiver.recv().unwrap(), receiver.recv().unwrap()), ("1".to_owned(), "2".to_owned()));
    queue.set_callback(None).unwrap();
    assert!(receiver.recv().is_err(), "the callback and what belongs to it are gone");
    queue.push(None, "3".to_owned());
    assert_eq!(queue.pull(None).unwrap(), "3");
    queue.close();
    assert_eq!(queue.pull(None).unwrap_err().status(), Status::Cancelled);
    queue.join();
}
