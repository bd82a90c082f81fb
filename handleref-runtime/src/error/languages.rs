//! What PostgreSQL says in its other languages where Diesel passes on no code.

/// Of 40P01 and 55P03 (`lock_timeout`), as the catalogues of messages have them.
pub(super) const CONFLICTS: [&str; 24] = [
    // German, Spanish, French, Italian.
    "Verklemmung (Deadlock) entdeckt",
    "storniere Anfrage wegen Zeitüberschreitung einer Sperre",
    "se ha detectado un deadlock",
    "cancelando la sentencia debido a que se agotó el tiempo de espera de candados (locks)",
    "interblocage (deadlock) détecté",
    "annulation de la requête à cause du délai écoulé pour l'obtention des verrous",
    "rilevato deadlock",
    "annullamento dell'istruzione a causa di timeout di lock",
    // Japanese, Korean, Chinese (simplified and traditional).
    "デッドロックを検出しました",
    "ロックのタイムアウトのためステートメントをキャンセルしています",
    "deadlock 발생했음",
    "잠금 대기 시간 초과로 작업을 취소합니다.",
    "检测到死锁",
    "由于锁超时，正在取消语句",
    "發現死結",
    "由於鎖定逾時，正在取消敘述",
    // Georgian, Russian, Swedish, Ukrainian.
    "ნაპოვნია ურთიერთბლოკირება",
    "გამოსახულება გაუქმდება ბლოკის მოლოდინის ვადის ამოწურვის გამო",
    "обнаружена взаимоблокировка",
    "выполнение оператора отменено из-за тайм-аута блокировки",
    "deadlock upptäckt",
    "avbryter sats på grund av lås-timeout",
    "виявлено взаємне блокування",
    "виконання оператора скасовано через тайм-аут блокування",
];
