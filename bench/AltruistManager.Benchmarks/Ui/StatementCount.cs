using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace AltruistManager.Benchmarks.Ui;

/// <summary>Counts the statements that SQLite itself begins, on every connection of this process that is opened after <see cref="Begin"/>.</summary>
internal static partial class StatementCount
{
    private const uint TraceStatements = 1;

    private static readonly ConcurrentDictionary<string, int> Counts = new(StringComparer.Ordinal);

    // Kept alive: SQLite calls them for as long as the process lives.
    private static readonly OpenedCallback Opened = OnOpened;
    private static readonly TraceCallback Traced = OnTraced;

    private delegate int OpenedCallback(nint database, nint error, nint api);

    private delegate int TraceCallback(uint kind, nint context, nint statement, nint text);

    public static void Begin()
    {
        if (AutoExtension(Marshal.GetFunctionPointerForDelegate(Opened)) is not 0 and var failed)
            throw new InvalidOperationException($"SQLite counts nothing: {failed}.");
    }

    /// <summary>How often each was begun since the last call.</summary>
    public static Dictionary<string, int> Take()
    {
        var taken = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var sql in Counts.Keys)
            if (Counts.TryRemove(sql, out var count))
                taken.Add(sql, count);
        return taken;
    }

    private static int OnOpened(nint database, nint error, nint api) => Trace(database, TraceStatements, Marshal.GetFunctionPointerForDelegate(Traced), 0);

    private static int OnTraced(uint kind, nint context, nint statement, nint text)
    {
        // Triggers say so in a comment; they belong to the statement that set them off.
        if (Marshal.PtrToStringUTF8(text) is { } sql && !sql.StartsWith("--", StringComparison.Ordinal) && !sql.StartsWith("pragma", StringComparison.OrdinalIgnoreCase))
            Counts.AddOrUpdate(sql, 1, static (_, count) => count + 1);
        return 0;
    }

    [LibraryImport("libsqlite3.so.0", EntryPoint = "sqlite3_auto_extension")]
    private static partial int AutoExtension(nint entryPoint);

    [LibraryImport("libsqlite3.so.0", EntryPoint = "sqlite3_trace_v2")]
    private static partial int Trace(nint database, uint mask, nint callback, nint context);
}
