namespace AltruistManager.Storage;

/// <summary>The storage cannot be used as it is; the message is one line that says what to do.</summary>
public sealed class StorageException(string message, Exception? inner = null) : Exception(message, inner);
