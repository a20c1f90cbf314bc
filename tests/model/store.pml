/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One shard of the store (docs/store.md): lock, log, index, marker, durable end, rebuild, compaction.
 *
 * Three processes put, take and compact, step by step as src/store/gdbm does it. Each can be killed at any
 * step (the kernel then frees its locks), an fdatasync or fsync may fail, and the power may go at any step;
 * after that everybody starts again, in another boot. Spin tries every order. Whatever happens:
 *   - what somebody was told is in the log that the next process believes (after a loss of power too);
 *   - no message is stored twice, none comes back after its reader was told that it is gone;
 *   - nobody finds a log missing or cut short;
 *   - nobody waits for ever, whoever was killed.
 *
 * A log is a file: an array of records, a set of those that are on the disk, and a set of those that the
 * kernel knows to be dirty; after a failed fdatasync a record may be in neither, and the kernel will say
 * nothing of it to whoever opens the file afterwards. A name is on the disk when its directory was synced, and
 * may be there before. The lock file is never synced in time: the marker counts in its boot only.
 *
 * Not in here: damage, a full disk, the index's inside, a failed write into the log (rule 3).
 *
 * FIRST, SECOND and THIRD say what the processes do, and BREAK_<rule> leaves a rule out: run.sh has both, and
 * shows that each rule is needed. */

#define RECORDS 5 /* in one log */
#define FILES   5 /* logs that are ever made, from 1 */
#define GENS    4 /* generations, from 1 */

#ifndef POWERS
#define POWERS 1 /* losses of power that somebody lives on after */
#endif
#ifndef FAILURES
#define FAILURES 1 /* of fdatasync and fsync */
#endif
#ifndef TROUBLES
#define TROUBLES 0 /* rebuilds that find no room for their index */
#endif

#define PUT(id)      (id)
#define ACK(id)      ((id) + 10)
#define REMEMBER(id) ((id) + 20) /* a message that was taken, as a compaction keeps it */
#define BIT(i)       (1 << (i))
#define ALL(n)       (BIT(n) - 1)

/* The files. */
byte log_record[25]; /* FILES * RECORDS */
byte log_len[FILES], births[FILES], on_disk[FILES], dirty[FILES];
byte errors[FILES];  /* failed syncs, as each open descriptor will hear */
byte builder[FILES]; /* who has flocked it while it is made */
byte files = 1;
byte named[GENS], named_on_disk[GENS]; /* which file log.<G> is; 0: none */
byte unborn[GENS];                     /* which file log.<G>.new is */

/* The index: sets of ids, and whether it is as the marker's writer left it. */
byte waiting, known;
bool is_own;

/* The lock file. has_marker: one of this boot. */
bool has_marker, trusted, failed;
byte marker_gen, marker_end, marker_file;
byte durable_gen, durable_end;

chan turn[4] = [0] of {bit};
byte lock; /* who has it; 0: nobody */
bool dead[4], ended[4], gone[4], served[4];
bool is_calm; /* nobody dies any more */
byte powers_left = POWERS, failures_left = FAILURES, troubles_left = TROUBLES;

/* What users know, as sets of ids. */
byte told_put, told_seen, told_gone, ack_tried;

#define at(f, i)       log_record[(f) * RECORDS + (i)]
#define durable_of(g)  (durable_gen == (g) -> durable_end : 0)

/* Between two steps that others see: here another goes on, somebody dies, or the power goes. */
#define yield() turn[me]?_

inline apply(record)
{
    if
    :: record < 10 -> waiting = waiting | BIT(record); known = known | BIT(record)
    :: record > 10 && record < 20 -> waiting = waiting & ~BIT(record - 10)
    :: else -> known = known | BIT(record - 20)
    fi
}

inline append(f, record)
{
    assert(log_len[f] < RECORDS);
    at(f, log_len[f]) = record;
    on_disk[f] = on_disk[f] & ~BIT(log_len[f]);
    dirty[f] = dirty[f] | BIT(log_len[f]);
    log_len[f]++
}

/* journal_rewrite: from the durable end on, so that the kernel knows those bytes to be dirty. */
inline rewrite()
{
#ifndef BREAK_REWRITE
    dirty[opened] = dirty[opened] | (ALL(log_len[opened]) & ~ALL(durable_of(opened_gen)))
#else
    skip
#endif
}

/* fdatasync: what was dirty when it began is on the disk when it has succeeded. is_bad tells of errors since
 * this process opened the file, whoever's sync they befell. */
inline sync()
{
    batch = dirty[opened];
    yield();
    if
    :: d_step {
            true ->
            on_disk[opened] = on_disk[opened] | (batch & dirty[opened]);
            dirty[opened] = dirty[opened] & ~batch;
            is_bad = errors[opened] != heard;
            heard = errors[opened];
            batch = 0
        }
    :: d_step {
            failures_left > 0 && (batch & dirty[opened]) != 0 ->
            failures_left--;
            dirty[opened] = dirty[opened] & ~batch;
            errors[opened]++;
            is_bad = true;
            heard = errors[opened];
            batch = 0
        }
    fi
}

inline keep_names()
{
    named_on_disk[1] = named[1];
    named_on_disk[2] = named[2];
    named_on_disk[3] = named[3]
}

/* A failed fsync of a directory leaves its names as uncertain as they were. */
inline sync_directory()
{
    if
    :: d_step { true -> keep_names(); is_bad = false }
    :: failures_left > 0 -> failures_left--; is_bad = true
    fi
}

/* marker_raise_durable: without the shard's lock. The page has a lock of its own, but nobody waits for that for
 * ever; so here there is none, and a lower end or an older generation may win. */
inline raise(g, to)
{
    if
    :: durable_of(g) >= to -> skip
    :: else ->
        yield();
        d_step { durable_gen = g; durable_end = to }
    fi
}

/* generation_keep_only. Whether or not there is something to remove: who removed it may have been killed
 * before the fsync. */
inline keep_only(g)
{
    d_step {
        is_bad = (named[1] | named[2] | named[3]) != named[g]; /* something to remove */
        i = 1;
        do
        :: i < GENS && i != g -> named[i] = 0; i++
        :: i < GENS && i == g -> i++
        :: else -> break
        od;
        i = 1;
        do
        :: i <= g -> unborn[i] = 0; i++
        :: else -> break
        od;
        i = 0
    };
#ifdef BREAK_ONCE_REMOVED
    if
    :: is_bad -> yield(); sync_directory()
    :: else -> skip
    fi
#else
    yield();
    sync_directory()
#endif
}

/* generation_find: the highest log that is whole. */
inline find(g)
{
    g = GENS - 1;
    do
    :: g > 0 && (named[g] == 0 || log_len[named[g]] < births[named[g]]) -> g--
    :: else -> break
    od
}

/* find_log and find_ends: what this boot's marker and the durable end speak of must be there. */
inline find_log()
{
    if
    :: has_marker -> i = marker_gen
    :: else -> find(i)
    fi;
    assert(i > 0 && named[i] != 0);
    if
    :: opened_gen != i -> need = 0
    :: else -> skip
    fi;
    opened = named[i]; opened_gen = i; heard = errors[opened]; i = 0;
    assert(log_len[opened] >= durable_of(opened_gen));
    assert(!has_marker || log_len[opened] >= marker_end)
}

/* sync_log in rebuild.c. Where the log isn't known to be durable, its name may not be either. */
inline sync_all()
{
    is_bad = false;
    if
    :: durable_of(opened_gen) == 0 -> sync_directory()
    :: else -> skip
    fi;
    if
    :: !is_bad -> rewrite(); sync()
    :: else -> skip
    fi;
    if
    :: !is_bad -> raise(opened_gen, log_len[opened])
    :: else -> skip
    fi
}

/* From the log to the index, under the lock. */
inline rebuild()
{
    d_step { find_log() };
    yield();
    if
    :: troubles_left > 0 -> troubles_left--;
#ifndef BREAK_REOPENED
        opened = 0
#endif
    :: true ->
        sync_all();
        is_sick = is_bad || (has_marker && failed);
        is_bad = false;
#ifndef BREAK_REMOVE_HIGHER
        if
        :: !is_sick -> yield(); keep_only(opened_gen)
        :: else -> skip
        fi;
#endif
        yield();
        if
        :: is_bad -> opened = 0
        :: else ->
            d_step {
                is_own = false; waiting = 0; known = 0; i = 0;
                do
                :: i < log_len[opened] -> apply(at(opened, i)); i++
                :: else -> break
                od;
                i = 0
            };
            yield();
            d_step { mark(opened_gen, opened); failed = is_sick; is_ready = true }
        fi
    fi;
    is_sick = false; is_bad = false
}

inline mark(g, f)
{
    has_marker = true; trusted = true; is_own = true; failed = false;
    marker_gen = g; marker_file = f; marker_end = log_len[f]
}

inline open_log()
{
    if
    :: opened == 0 || opened_gen != marker_gen ->
        d_step {
            opened = named[marker_gen]; opened_gen = marker_gen; heard = errors[opened]; need = 0;
            rewrite()
        }
    :: else -> skip
    fi
}

/* failed_begin_view: in a failed generation what isn't known durable is written again; where that fails, the
 * shard is looked at as it was at its durable end. */
inline view_failed()
{
    if
    :: failed && durable_of(opened_gen) < marker_end ->
        d_step { rewrite() };
        yield();
        sync();
        if
        :: !is_bad -> d_step { durable_gen = opened_gen; durable_end = marker_end }
        :: else -> is_viewed = true
        fi;
        is_bad = false
    :: else -> skip
    fi
}

/* The ids that a reader, or a duplicate, is answered by. */
inline look()
{
    d_step {
        was_waiting = waiting; was_known = known;
        if
        :: is_viewed ->
            was_waiting = 0; was_known = 0; i = 0;
            do
            :: i < durable_of(opened_gen) ->
                look_at(at(opened, i));
                i++
            :: else -> break
            od;
            i = 0
        :: else -> skip
        fi
    }
}

inline look_at(record)
{
    if
    :: record < 10 -> was_waiting = was_waiting | BIT(record); was_known = was_known | BIT(record)
    :: record > 10 && record < 20 -> was_waiting = was_waiting & ~BIT(record - 10)
    :: else -> was_known = was_known | BIT(record - 20)
    fi
}

/* shard_run's beginning. The lock, and what its holder only looks at, are one step. */
inline enter()
{
    lock == 0 -> lock = me;
    is_ready = false;
    if
    :: has_marker && trusted ->
        open_log();
        is_ready = opened == marker_file && log_len[opened] == marker_end && is_own
    :: else -> skip
    fi;
    if
    :: is_ready -> skip
#ifndef BREAK_TRUST
    :: else -> rebuild()
#else
    :: else -> is_ready = true; marker_end = log_len[opened]
#endif
    fi
}

inline enter_looking()
{
    enter();
    if
    :: is_ready -> view_failed(); look()
    :: else -> skip
    fi
}

inline leave()
{
    d_step {
        if
        :: is_ready && opened != 0 && !is_viewed -> need = marker_end
        :: is_ready && opened != 0 && is_viewed && need < durable_of(opened_gen) -> need = durable_of(opened_gen)
        :: else -> skip
        fi;
        is_ready = false; is_viewed = false; was_waiting = 0; was_known = 0;
        lock = 0
    }
}

/* Record, index, marker: whoever dies behind the record leaves a log longer than the marker says, and behind
 * the index's first write one that isn't the marker's. */
inline commit(record)
{
    d_step { append(opened, record) };
    yield();
    d_step { is_own = false; apply(record) };
    yield();
    d_step { marker_end = log_len[opened]; is_own = true }
}

/* sync_log in settle.c: is_told says whether the session may answer. */
inline settle_log()
{
    if
    :: marker_gen > opened_gen -> is_told = true
    :: marker_gen == opened_gen && failed -> skip
    :: else ->
        need = marker_end;
#ifdef BREAK_EARLY
        raise(opened_gen, need);
#endif
        yield();
        sync();
#ifdef BREAK_END
        yield();
        need = marker_end;
#endif
        if
        :: is_bad ->
            yield();
            lock == 0; /* and only a moment under it */
#ifndef BREAK_FAILED
            if
            :: marker_gen == opened_gen -> failed = true
            :: else -> skip
            fi
#endif
        :: else ->
            yield();
            if
            :: marker_gen > opened_gen -> is_told = true
            :: marker_gen == opened_gen && failed -> skip
            :: else -> raise(opened_gen, need); is_told = true
            fi
        fi;
        is_bad = false
    fi
}

inline settle()
{
#ifdef BREAK_SETTLE
    is_told = true;
#else
    is_told = false;
    if
    :: need == 0 -> is_told = true
#ifndef BREAK_CLOSED
    :: need > 0 && opened == 0 -> skip /* durable or not: nobody can say */
#else
    :: need > 0 && opened == 0 -> is_told = true
#endif
    :: need > 0 && opened != 0 ->
        if
        :: durable_of(opened_gen) >= need -> is_told = true
        :: else -> settle_log()
        fi
    fi;
#endif
    need = 0
}

inline ask(id)
{
    enter_looking();
    if
    :: !is_ready -> skip
    :: is_ready && (was_known & BIT(id)) -> asked = asked | BIT(id) /* a duplicate: told as soon as it is durable */
    :: is_ready && !(was_known & BIT(id)) && failed -> skip
    :: else -> commit(PUT(id)); asked = asked | BIT(id)
    fi;
    leave();
    yield()
}

inline answer()
{
    settle();
    d_step {
        if
        :: is_told -> told_put = told_put | asked
        :: else -> skip
        fi;
        asked = 0; is_told = false
    }
}

#define put(id)  ask(id); answer()
#define put_both ask(1); ask(2); answer() /* two frames that came together */

inline take()
{
    enter_looking();
    asked = (is_ready -> was_waiting : 0);
    done = told_gone;
    leave();
    yield();
#ifndef BREAK_READER
    settle();
#else
    is_told = true; need = 0;
#endif
    d_step {
        if
        :: is_told ->
            assert((asked & done) == 0); /* given once more after its reader was told that it is gone */
            told_seen = told_seen | asked
        :: else -> asked = 0
        fi;
        is_told = false; done = 0;
        id = (asked & BIT(1) -> 1 : 2)
    };
    if
    :: asked == 0 -> skip
    :: else ->
        yield();
        enter();
        if
        :: is_ready && (waiting & BIT(id)) && !failed -> ack_tried = ack_tried | BIT(id); commit(ACK(id))
        :: !is_ready || ((waiting & BIT(id)) && failed) -> asked = 0
        :: else -> skip
        fi;
        leave();
        yield();
        settle();
        d_step {
            if
            :: is_told && asked != 0 -> told_gone = told_gone | BIT(id)
            :: else -> skip
            fi;
            is_told = false; asked = 0; id = 0
        }
    fi
}

/* begin_locked: the next log is this process's while it has its flock; one that a killed process has left is
 * taken over. */
inline begin()
{
    d_step {
        if
        :: !is_ready || marker_gen == GENS - 1 -> skip
        :: is_ready && marker_gen < GENS - 1 ->
            from = marker_gen;
            file = unborn[from + 1];
            if
            :: file == 0 && files < FILES - 1 -> files++; file = files
            :: file != 0 && builder[file] != 0 -> file = 0
            :: else -> skip
            fi
        fi;
        if
        :: file != 0 ->
            unborn[from + 1] = file; builder[file] = me;
            log_len[file] = 0; births[file] = 0; on_disk[file] = 0; dirty[file] = 0;
            old = opened; done = marker_end; kept_waiting = waiting; kept_known = known
        :: else -> skip
        fi
    }
}

/* Copies what is still needed, by the index as it was. */
inline select_living()
{
    d_step {
        id = 1;
        do
        :: id > 2 -> break
        :: id <= 2 && (kept_waiting & BIT(id)) -> append(file, PUT(id)); id++
        :: id <= 2 && !(kept_waiting & BIT(id)) && (kept_known & BIT(id)) -> append(file, REMEMBER(id)); id++
        :: else -> id++
        od;
        id = 0; kept_waiting = 0; kept_known = 0
    }
}

/* What others have added meanwhile, as it is; then the new log is complete, and synced. */
inline complete()
{
    d_step {
        do
        :: done < marker_end -> append(file, at(old, done)); done++
        :: else -> break
        od;
        births[file] = log_len[file]
    };
#ifndef BREAK_COPY
    yield();
    if
    :: d_step { true -> on_disk[file] = ALL(log_len[file]); dirty[file] = 0 }
    :: failures_left > 0 -> failures_left--; is_bad = true
    fi
#endif
}

/* The doubted marker, the log's name, and that durable. */
inline publish()
{
#ifndef BREAK_DOUBT
    trusted = false;
    yield();
#endif
    if
    :: unborn[from + 1] == 0 -> is_bad = true
    :: else ->
        d_step { named[from + 1] = unborn[from + 1]; unborn[from + 1] = 0 };
        yield();
#ifdef BREAK_OLD
        named[from] = 0;
        yield();
#endif
#ifndef BREAK_DIRECTORY
        sync_directory();
        yield()
#endif
    fi
}

/* The new index, the new marker, and then the old log goes. What fails here is left to a rebuild. */
inline take_over()
{
    is_own = false;
    yield();
    d_step { marker_file = file; mark(from + 1, file) };
    yield();
    raise(from + 1, log_len[file]);
    yield();
    keep_only(from + 1);
    is_bad = false
}

/* journal_abandon: under the flock, and by the name only while that is this process's own. */
inline abandon()
{
    d_step {
#ifndef BREAK_ABANDON
        if
        :: unborn[from + 1] == file -> unborn[from + 1] = 0
        :: else -> skip
        fi;
#else
        unborn[from + 1] = 0;
#endif
        builder[file] = 0
    }
}

inline compact()
{
    enter();
    begin();
    leave();
    yield();
    if
    :: file == 0 -> skip
    :: else ->
        select_living();
        yield();
        enter();
        is_bad = !is_ready || marker_gen != from;
        if
        :: !is_bad ->
            complete();
            if
            :: !is_bad -> publish()
            :: else -> skip
            fi;
            if
            :: !is_bad -> take_over(); builder[file] = 0
            :: else -> skip
            fi;
            opened = 0; need = 0
        :: else -> skip
        fi;
        leave();
        yield();
        if
        :: builder[file] == me -> abandon()
        :: else -> skip
        fi;
        is_bad = false
    fi;
    d_step { file = 0; old = 0; from = 0; done = 0; need = 0 }
}

inline forget_all()
{
    opened = 0; opened_gen = 0; heard = 0; need = 0; batch = 0; asked = 0; id = 0; i = 0;
    file = 0; old = 0; from = 0; done = 0; was_waiting = 0; was_known = 0;
    kept_waiting = 0; kept_known = 0; is_bad = false; is_sick = false; is_told = false; is_ready = false; is_viewed = false
}

proctype Process(byte me)
{
    byte opened, opened_gen, heard, need, batch, asked, id, i;
    byte file, old, from, done, was_waiting, was_known, kept_waiting, kept_known;
    bool is_bad, is_sick, is_told, is_ready, is_viewed;
start:
    {
        atomic {
            yield();
            if
            :: me == 1 -> FIRST
            :: me == 2 -> SECOND
#ifdef THIRD
            :: me == 3 -> THIRD
#endif
            fi;
            ended[me] = true; served[me] = true;
            d_step { forget_all() };
end_served:
            false
        }
    } unless { dead[me] -> atomic { forget_all(); gone[me] = true } };
end_dead:
    atomic { !dead[me] -> gone[me] = false; goto start }
}

/* The log that somebody finds who comes after all that, and what must be true of it. */
inline judge(f)
{
    d_step {
        waiting = 0; known = 0; i = 0;
        do
        :: i < log_len[f] ->
            assert(at(f, i) >= 10 || !(known & BIT(at(f, i)))); /* stored twice */
            apply(at(f, i));
            i++
        :: else -> break
        od;
        i = 0;
        assert((told_put & ~known) == 0);
        assert((told_seen & ~known) == 0);
        assert((told_put & ~ack_tried & ~waiting) == 0);
        assert((told_gone & waiting) == 0)
    }
}

/* Any unsynced record may be on the disk or not, and the log ends where the first one is missing. */
inline cut(f)
{
    i = 0;
    do
    :: i < log_len[f] && (on_disk[f] & BIT(i)) -> i++
    :: i < log_len[f] && !(on_disk[f] & BIT(i)) -> i++ /* it was written all the same */
    :: i < log_len[f] && !(on_disk[f] & BIT(i)) -> break
    :: i >= log_len[f] -> break
    od;
    log_len[f] = i;
    on_disk[f] = ALL(i); dirty[f] = 0; errors[f] = 0; builder[f] = 0;
    i = 0
}

inline lose_names()
{
    i = 1;
    do
    :: i == GENS -> break
    :: i < GENS && named[i] == named_on_disk[i] -> i++
    :: i < GENS && named[i] != named_on_disk[i] -> named_on_disk[i] = named[i]; i++
    :: i < GENS && named[i] != named_on_disk[i] -> named[i] = named_on_disk[i]; i++
    od;
    i = 0;
    unborn[2] = 0; unborn[3] = 0
}

/* What is left on the disk, and another boot. */
inline lose_power()
{
    lose_names();
    cut(1); cut(2); cut(3); cut(4);
    if
    :: true -> skip
    :: durable_end > 0 -> durable_gen = 0; durable_end = 0
    fi;
#ifndef BREAK_BOOT
    d_step { has_marker = false; trusted = false; failed = false; marker_gen = 0; marker_end = 0; marker_file = 0; is_own = false };
#endif
    lock = 0
}

inline judge_found()
{
#ifndef BREAK_HIGHEST
    find(g);
#else
    g = (named[1] -> 1 : 2);
#endif
    if
    :: g > 0 -> judge(named[g])
    :: else -> /* the first log's name is lost: a new shard */
        assert((told_put | told_seen) == 0);
        named[1] = 1; log_len[1] = 0; on_disk[1] = 0
    fi;
    g = 0
}

/* The kernel frees the locks of whoever dies. */
inline die(who)
{
    d_step {
        dead[who] = true;
        ended[who] = true;
        i = 1;
        do
        :: i < FILES && builder[i] == who -> builder[i] = 0; i++
        :: i < FILES && builder[i] != who -> i++
        :: else -> break
        od;
        i = 0;
#ifndef BREAK_FLOCK
        if
        :: lock == who -> lock = 0
        :: else -> skip
        fi
#endif
    }
}

/* Who has no answer asks again. */
inline revive(who)
{
    if
    :: !served[who] -> d_step { dead[who] = false; ended[who] = false }
    :: else -> skip
    fi
}

proctype Fate()
{
    byte i, g;
    do
    :: turn[1]!0
    :: turn[2]!0
    :: turn[3]!0
#ifdef CALM
    :: atomic { !is_calm -> is_calm = true }
#endif
    :: atomic { !is_calm && !ended[1] -> die(1) }
    :: atomic { !is_calm && !ended[2] -> die(2) }
    :: atomic { !is_calm && !ended[3] -> die(3) }
    :: atomic {
            !is_calm ->
            die(1); die(2); die(3);
            lose_power();
            judge_found();
            if
            :: powers_left == 0 -> break
            :: else -> powers_left--
            fi
        };
        atomic {
            gone[1] && gone[2] && gone[3] ->
            d_step { waiting = 0; known = 0 };
            revive(1); revive(2); revive(3)
        }
    :: atomic {
            ended[1] && ended[2] && ended[3] ->
            assert(lock == 0);
            if
            :: has_marker -> judge(named[marker_gen])
            :: else -> judge_found()
            fi;
            break
        }
    od
}

init
{
    atomic {
        named[1] = 1;
#ifndef NEW
        named_on_disk[1] = 1;
        has_marker = true; trusted = true; is_own = true; marker_gen = 1; marker_file = 1;
#endif
#ifdef HELD
        append(1, PUT(1)); apply(PUT(1)); on_disk[1] = 1; dirty[1] = 0;
        marker_end = 1; durable_gen = 1; durable_end = 1; told_put = BIT(1);
#endif
        run Process(1);
        run Process(2);
#ifdef THIRD
        run Process(3);
#else
        dead[3] = true; ended[3] = true; gone[3] = true; served[3] = true;
#endif
        run Fate()
    }
}
