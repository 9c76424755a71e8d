namespace AltruistManager.Health;

/// <summary>The names of states as they are stored and published.</summary>
public static class VerdictNames
{
    public static string Of(VerdictState state) => state switch
    {
        VerdictState.WrongChain => "wrong-chain",
        _ => state.ToString().ToLowerInvariant(),
    };

    public static VerdictState Parse(string name) => name == "wrong-chain" ? VerdictState.WrongChain : Enum.Parse<VerdictState>(name, ignoreCase: true);
}
